import { type Control, control, removed, source } from '../control.ts'
import { seeBackups } from '../probes/operations-containers.ts'

const shared = { tier: 'docker', needs: ['docker'], own: {} } as const
const runbook = 'docs/runbooks/logical-backups.md'
const backup = 'backup/backup_postgres.sh'
const restore = 'backup/restore_postgres.sh'
const lib = 'backup/lib.sh'
const keys = 'backup/keys.sh'
const expired = 'backup/expired.sh'
const schedule = 'backup/schedule.sh'
const drill = 'backup/drill.sh'

/** The database of production with a storage that speaks S3 beside it: dumps are made, broken, kept or not, and restored. */
export const recoveryLogical: Control[] = [
  control({
    id: 'DRY-01',
    level: 'must',
    holds:
      'A dump of one snapshot goes encrypted and compressed into the storage, is read again and compared, and counts only with its signed manifest; nothing of what is stored can be read; a storage that gives back another byte is found out, and a second backup at once is refused.',
    because:
      'Backups that are never read again are found to be empty, cut off or public on the day that somebody needs one.',
    code: [backup, lib, 'backup/contents.sql', 'scripts/backups-logical'],
    runbook: `${runbook}#make-one`,
    ...shared,
    probe: seeBackups('logical'),
    sabotages: [
      source(
        'what was stored is not compared',
        lib,
        `[ "$(< "$work/again")" = "$digest" ] || fail`,
        `[ "$(< "$work/again")" ] || fail`,
        { red: 'a-storage-that-gives-back-something-else-is-found-out' },
      ),
      source(
        'nothing is encrypted',
        lib,
        'age-*) quiet age --encrypt --recipients-file "$keys/$1.pub"',
        'age-*) cat ; return ; quiet age --encrypt --recipients-file "$keys/$1.pub"',
        { red: 'the-storage-holds-nothing-that-can-be-read' },
      ),
      source('nobody asks whether one is under way', backup, `[ "$alone" = t ] ||`, `[ "$alone" ] ||`, {
        red: 'a-second-one-at-once-is-refused',
      }),
    ],
  }),

  control({
    id: 'DRY-02',
    level: 'must',
    holds:
      'After the volume of the database is gone, the newest backup comes back: rows, checksums, migration and books are those of the manifest, and rights are as before; a target that holds something is refused unless told, and is then replaced under its clients and kept aside.',
    because: 'Restores that end with 0 and restore nothing, or half, are found out by the people who miss their rows.',
    code: [restore, lib, 'backup/contents.sql', 'scripts/backups-logical'],
    runbook: `${runbook}#restore-one`,
    ...shared,
    probe: seeBackups('restore'),
    sabotages: [
      source('rows stay out', restore, 'pg_restore --exit-on-error', 'pg_restore --schema-only --exit-on-error', {
        red: 'after-a-total-loss-everything-comes-back',
      }),
      source(
        'a target that holds something is replaced unasked',
        restore,
        `[ "$held" = 0 ] || fail`,
        `[ "$held" ] || fail`,
        { red: 'a-target-that-is-not-empty-is-refused' },
      ),
      source('everybody may connect', restore, 'REVOKE ALL ON DATABASE :"name" FROM PUBLIC;', '', {
        red: 'it-belongs-to-whom-it-belonged-to',
      }),
    ],
  }),

  control({
    id: 'DRY-03',
    level: 'must',
    holds:
      'Of backups the newest of each of seven days and four weeks stay, none longer than 30 days, and the last good one for ever; one that never became whole goes after a day, and where a clock was wrong nothing goes.',
    because:
      'Without an end backups cost more each day, and keep people who asked to be forgotten; with a wrong one the only good backup is deleted.',
    code: [expired, backup, 'test/backups.test.ts'],
    runbook: `${runbook}#what-stays`,
    ...shared,
    probe: seeBackups('retention'),
    sabotages: [
      source('the last good one goes too', expired, 'keep = NR == 1', 'keep = 0', {
        red: 'the-last-good-one-stays-however-old',
      }),
      source('nothing ever goes', expired, 'if (!keep) print $1', 'if (0) print $1', {
        red: 'days-weeks-and-age-decide-what-stays',
      }),
      source('half of one stays', backup, `expired+=$'\\n'$old`, ':', { red: 'days-weeks-and-age-decide-what-stays' }),
    ],
  }),

  control({
    id: 'DRY-04',
    level: 'must',
    holds:
      'Logical and physical backups that are due are made without anybody’s doing, and not again before their time; a worker tells age, size and duration of the last good one as metrics, on which alerts stand.',
    because: 'A backup that somebody has to remember is made until the week in which it would have been needed.',
    code: [schedule, 'src/vitals.ts', 'monitoring/alerts/backups.yml', 'scripts/backups-whole'],
    runbook: `${runbook}#make-one`,
    ...shared,
    probe: seeBackups('schedule'),
    sabotages: [
      source('the schedule is stopped', schedule, 'then "$command" || true; fi', 'then true; fi', {
        red: 'what-is-due-is-done-by-nobody',
      }),
      source('it is made again and again', schedule, 'finished_at >= to_timestamp(:due) OR', '', {
        red: 'and-not-again-before-its-time',
      }),
      source(
        'sizes are not told',
        'src/vitals.ts',
        "seaworthy_backup_size_bytes: samples(made, 'bytes')",
        'seaworthy_backup_size_bytes: []',
        {
          red: 'age-and-size-are-metrics',
        },
      ),
    ],
  }),

  control({
    id: 'DRY-05',
    level: 'must',
    holds:
      'By schedule the newest backup of both kinds is restored into servers of their own: pages, indexes, manifest, books, audit trail and the row of before hold, or the drill fails; time to recover and age are metrics, and nothing is left behind.',
    because: 'A backup that was never restored is a hope, and a drill that can’t fail is another.',
    code: [drill, schedule, 'src/restored-verify.ts', 'monitoring/alerts/backups.yml'],
    runbook: `${runbook}#drill`,
    ...shared,
    probe: seeBackups('drill'),
    sabotages: [
      removed(schedule, '  "drill|${BACKUP_DRILL_AT:-Sun 04:17}|./drill.sh"', { red: 'a-drill-is-done-by-nobody' }),
      source('the verifiers are not asked', 'src/restored-verify.ts', 'if (!isSound)', 'if (false)', {
        red: 'books-that-do-not-add-up-are-found-out',
      }),
    ],
  }),

  control({
    id: 'DRY-08',
    level: 'must',
    holds:
      'A new key writes new backups while those under the old one still read; a leaked key is retired by encrypting anew what is under it, and deleting it; AES-256 with PBKDF2 is a choice where age is not.',
    because:
      'A key that can’t be changed is never changed, and one that is changed by losing the old one takes the backups along.',
    code: [keys, lib, 'scripts/backup-keys'],
    runbook: `${runbook}#keys`,
    ...shared,
    probe: seeBackups('keys'),
    sabotages: [
      source(
        'a new key takes the place of the old one',
        keys,
        '  local id; id=$1-',
        '  rm -f "$keys"/a*.key; local id; id=$1-',
        {
          red: 'an-old-key-reads-a-leaked-one-is-retired',
        },
      ),
      source('what was under a leaked key stays', keys, '    drop "$one"\n', '    :\n', {
        red: 'an-old-key-reads-a-leaked-one-is-retired',
      }),
    ],
  }),

  control({
    id: 'DRY-09',
    level: 'must',
    holds:
      'A backup that is cut, changed by a bit, under another key, forged, of another database, deployment, newer PostgreSQL or missing extension, a storage that is full or goes away, a wrong clock, and kill -9 in the middle: each ends with its reason and another code than 0, and the target is as it was.',
    because: 'The day of a restore is the wrong one to learn what half of a backup does to the half that was left.',
    code: [restore, lib, backup, 'scripts/backups-failures'],
    runbook: `${runbook}#it-says-why-not`,
    ...shared,
    probe: seeBackups('failures'),
    sabotages: [
      source(
        'the checksum is not compared',
        restore,
        `[ "$(< "$work/dump")" = "$(of .sha256)" ] ||`,
        `[ "$(< "$work/dump")" ] ||`,
        {
          red: 'cut-at-every-64-kib',
        },
      ),
      source(
        'nobody asks who made it',
        lib,
        '-sigfile "$work/signature" >/dev/null 2>&1 ||',
        '-sigfile "$work/signature" >/dev/null 2>&1 || true ||',
        {
          red: 'one-bit-turned-anywhere',
        },
      ),
      source('what was restored is not compared', restore, `[ "$holds" = "$expected" ] ||`, `[ "$holds" ] ||`, {
        red: 'of-rows-that-are-not-in-it',
      }),
    ],
  }),
]
