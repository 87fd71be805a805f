import { type Control, control, removed, source, sources } from '../control.ts'
import { secondFactorIsAskedAndUsedOnce, seedsAreSealed } from '../probes/security-second-factor.ts'

const service = 'src/modules/identity/mfa.service.ts'
const repository = 'src/modules/identity/mfa.repository.ts'

export const securitySecondFactor: Control[] = [
  control({
    id: 'SEC-09',
    level: 'must',
    holds:
      'Where a second factor is on, signing in by password or by mail takes a time-based code or one of ten recovery codes, asked for only after the password was right; each works once, also when it is sent several times at once.',
    because:
      'A password that leaks elsewhere is tried here. A code that works twice can be read over a shoulder or by a page between, and used within the same minute.',
    code: [service, repository, 'src/modules/identity/identity.service.ts', 'src/modules/identity/links.service.ts'],
    runbook: 'docs/runbooks/identity.md#a-second-factor-lets-the-wrong-one-in',
    needs: ['api', 'worker', 'mail', 'redis', 'database'],
    probe: secondFactorIsAskedAndUsedOnce,
    sabotages: [
      source('a code is taken again', repository, 'lt(totp.lastStep, step)', 'isNotNull(totp.lastStep)', {
        red: 'code-taken-twice',
      }),
      source(
        'a recovery code is taken again',
        repository,
        'eq(recoveryCodes.hash, hash), isNull(recoveryCodes.usedAt)',
        'eq(recoveryCodes.hash, hash)',
        { red: 'recovery-code-taken-twice' },
      ),
      source(
        'any code is taken',
        service,
        'return delta === null ? undefined : TOTP.counter(kind) + delta',
        'return TOTP.counter(kind) + (delta ?? 1)',
        { red: 'wrong-code-taken' },
      ),
      removed('src/modules/identity/identity.service.ts', '      await mfa.check(tx, row, code, seen)', {
        red: 'code-not-asked',
      }),
      removed('src/modules/identity/links.service.ts', '      await mfa.check(tx, user, code, seen)', {
        red: 'link-steps-around-it',
      }),
    ],
  }),

  control({
    id: 'SEC-41',
    level: 'must',
    holds:
      'The seeds of second factors are kept under AES-256-GCM and a key of the environment, bound to their user: another key, or another row, does not open them, and after a rotation the old keys of the list still do.',
    because:
      'A stolen copy of the database would else hold every second factor in clear, and a seed that opens anywhere can be put in the place of an admin’s.',
    code: ['src/lib/seal.ts', service],
    runbook: 'docs/runbooks/identity.md#a-sealed-secret-cannot-be-opened',
    needs: ['api', 'database', 'redis'],
    lacks: 'There are no tokens of providers yet that would be sealed too.',
    probe: seedsAreSealed,
    sabotages: [
      sources(
        'seeds are kept in clear',
        [
          {
            file: 'migrations/0010_links_and_mfa.up.sql',
            find: 'CONSTRAINT totp_seed_sealed CHECK (sealed_seed ~ ',
            replace: "CONSTRAINT totp_seed_sealed CHECK (sealed_seed <> '' OR sealed_seed ~ ",
          },
          { file: service, find: 'seal.seal(Buffer.from(secret.bytes), purposeOf(user.id))', replace: 'secret.base32' },
          {
            file: service,
            find: 'seal.open(sealedSeed, purposeOf(userId))',
            replace: 'Secret.fromBase32(sealedSeed).bytes ?? purposeOf(userId)',
          },
        ],
        { red: 'seed-in-clear' },
      ),
      source(
        'seeds are bound to nobody',
        service,
        'const purposeOf = (userId: string) => `totp:${userId}`',
        'const purposeOf = (_: string) => `totp`',
        {
          red: 'opened-in-another-row',
        },
      ),
      source(
        'nobody looks whether a seal is whole',
        'src/lib/seal.ts',
        'Buffer.concat([decipher.update(text), decipher.final()])',
        'decipher.update(text)',
        { red: 'opened-in-another-row' },
      ),
      source("only today's key opens", 'src/lib/seal.ts', "keys.get(name ?? '')", 'keys.get(name && currentName())', {
        red: 'old-not-opened',
      }),
    ],
  }),
]
