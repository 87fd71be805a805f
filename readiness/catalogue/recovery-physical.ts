import { type Control, control, source, sources } from '../control.ts'
import { seeBackups } from '../probes/operations-containers.ts'

const shared = { tier: 'docker', needs: ['docker'], own: {} } as const
const storage = 'backup/storage.sh'
const backup = 'backup/backup_physical.sh'
const restore = 'backup/restore_to_time.sh'

/** The database of production with a storage that speaks S3 beside it: backups are made, broken and restored. */
export const recoveryPhysical: Control[] = [
  control({
    id: 'DRY-06',
    level: 'must',
    holds:
      'WAL is in the storage within 60 seconds of a commit without anybody forcing it; the database comes back as it was at a chosen second, beside the live one and after a total loss; what can not be restored is refused with its reason, and leaves nothing behind.',
    because:
      'Who restores last night’s dump at five in the afternoon has lost the day, money that moved included; and an archive that was never read back is found to have a hole on that day.',
    code: [
      restore,
      storage,
      'backup/serve.sh',
      'stores/postgresql.conf',
      'stores/pgbackrest.conf',
      'scripts/backups-physical',
    ],
    runbook: 'docs/runbooks/backups.md#back-to-a-second',
    ...shared,
    probe: seeBackups('pitr'),
    sabotages: [
      source(
        'archiving is stopped',
        'stores/postgresql.conf',
        `'test -z "$BACKUP_BUCKET" || pgbackrest --stanza=seaworthy archive-push %p'`,
        `'/bin/true'`,
        { red: 'postgresql-archives-into-the-storage' },
      ),
      source(
        'WAL waits until a segment is full',
        'stores/postgresql.conf',
        'archive_timeout = 50s',
        'archive_timeout = 0',
        {
          red: 'wal-is-in-the-storage-within-60-seconds-of-a-commit',
        },
      ),
      source(
        'the second is not asked for',
        restore,
        'to=(--type=time --target="$target" --target-action=promote)',
        'to=(--type=default)',
        { red: 'it-comes-back-as-it-was-at-that-second' },
      ),
      source(
        'what is there is overwritten',
        restore,
        `[ -n "$(ls -A "$into")" ]; then refuse`,
        `[ "$into" = / ]; then refuse`,
        {
          red: 'what-can-not-be-done-is-refused-and-told',
        },
      ),
    ],
  }),

  control({
    id: 'DRY-07',
    level: 'should',
    holds:
      'Physical backups are incremental between full ones, encrypted, and read back once they are written; two at once are refused; PostgreSQL itself has no key of the storage.',
    because:
      'A full copy each night is the one that is made rarer when the database grows; and a backup that anybody can read is the database in another place.',
    code: [backup, storage, 'docker-compose.production.yml', 'Dockerfile', 'scripts/backups-physical'],
    runbook: 'docs/runbooks/backups.md#a-physical-backup-fails',
    ...shared,
    probe: seeBackups('physical'),
    sabotages: [
      source('each is a full one', backup, 'pgbackrest backup --type="$type"', 'pgbackrest backup --type=full', {
        red: 'an-incremental-backup-is-made-and-read-back',
      }),
      source('nobody reads what was written', backup, 'said=$(read_back "$name")', 'said=$(: "$name")', {
        red: 'a-damaged-object-is-found',
      }),
      source(
        'nothing is encrypted',
        storage,
        'repo1-cipher-type=aes-256-cbc\nrepo1-cipher-pass=$(secret backup_physical_passphrase)\n',
        '',
        { red: 'the-storage-holds-nothing-that-can-be-read' },
      ),
      source(
        'PostgreSQL is given a key of the storage',
        'docker-compose.production.yml',
        '      - archiver_key\n      - ca\n      - postgres_certificate\n',
        '      - archiver_key\n      - backup_s3_key_secret\n      - ca\n      - postgres_certificate\n',
        { red: 'postgresql-has-no-key-of-the-storage' },
      ),
      sources(
        'WAL is taken of whoever has a certificate',
        [
          {
            file: storage,
            find: 'tls-server-auth=archiver=$stanza',
            replace: 'tls-server-auth=archiver=$stanza\ntls-server-auth=postgres=$stanza',
          },
          {
            file: 'scripts/make-secrets',
            find: 'extendedKeyUsage=%sAuth',
            replace: 'extendedKeyUsage=%sAuth,clientAuth',
          },
        ],
        { red: 'wal-is-taken-of-nobody-else' },
      ),
      source(
        'a missing setting passes unsaid',
        'backup/serve.sh',
        'configure || { touch /tmp/failed; pause infinity; }',
        'configure 2>/dev/null || pause infinity',
        { red: 'a-setting-that-is-missing-is-named' },
      ),
    ],
  }),
]
