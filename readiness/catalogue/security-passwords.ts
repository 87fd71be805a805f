import { type Control, control, source } from '../control.ts'
import { guessingIsSlow } from '../probes/security-guessing.ts'
import { passwordsAreHashedWell, raised } from '../probes/security-passwords.ts'

const passwords = 'src/lib/passwords.ts'
const attempts = 'src/lib/attempts.ts'

export const securityPasswords: Control[] = [
  control({
    id: 'SEC-07',
    level: 'must',
    holds:
      'Passwords are Argon2id (19 MiB, 2 passes, 1 lane or more, which no setting can lower), hashed off the event loop and a bounded number at once, renewed at sign-in when parameters were raised; common and leaked ones can not be chosen.',
    because:
      'Leaked fast hashes are read within days, hashing on the event loop lets a handful of sign-ins stop a service, and parameters that only new accounts get protect nobody.',
    code: [passwords, 'src/lib/common-passwords.ts', 'src/modules/identity/credentials.service.ts'],
    runbook: 'docs/runbooks/identity.md#passwords-are-busy',
    needs: ['api', 'database', 'redis'],
    own: raised,
    probe: passwordsAreHashedWell,
    sabotages: [
      source(
        'hashing takes less memory',
        passwords,
        'const parameters = { memoryCost, timeCost,',
        'const parameters = { memoryCost: memoryCost / 4, timeCost,',
        { red: 'parameters-weak' },
      ),
      source(
        'settings may be below the least',
        'src/environment.identity.schemas.ts',
        'minimum: 19_456,',
        'minimum: 1024,',
        { red: 'weak-parameters-boot' },
      ),
      source(
        'the event loop hashes',
        passwords,
        "import { hash as argon2, verify } from '@node-rs/argon2'",
        "import { hashSync, verifySync } from '@node-rs/argon2'\nconst argon2 = async (...given: Parameters<typeof hashSync>) => hashSync(...given)\nconst verify = async (...given: Parameters<typeof verifySync>) => verifySync(...given)",
        { red: 'event-loop-held' },
      ),
      source('any number waits', passwords, 'bulkhead(atOnce, waiting)', 'bulkhead(atOnce, 1e6)', {
        red: 'flood-not-bounded',
      }),
      source(
        'old hashes stay',
        'src/modules/identity/credentials.service.ts',
        'if (!passwords.needsRehash(row.passwordHash)) return row',
        'if (row) return row',
        { red: 'not-rehashed' },
      ),
      source(
        'any password may be chosen',
        passwords,
        "if (why) throw refused('PASSWORD_COMMON'",
        "if (why === '') throw refused('PASSWORD_COMMON'",
        { red: 'common-password-taken' },
      ),
    ],
  }),

  control({
    id: 'SEC-08',
    level: 'must',
    holds:
      'Failed sign-ins delay the next try, each time longer, by account, by address and by both, across processes and restarts and without Redis too; an owner still gets in where he did before, and unknown accounts answer as known ones do, in body and in time.',
    because:
      'Lists of leaked passwords are tried against every sign-in; hard locks by name hand the locking out of customers to anyone, and answers that differ hand out the list of customers.',
    code: [attempts, 'src/lib/local-attempts.ts', 'src/modules/identity/credentials.service.ts'],
    runbook: 'docs/runbooks/identity.md#someone-guesses-passwords',
    needs: ['api', 'database', 'redis'],
    // It ends Redis.
    own: {},
    probe: guessingIsSlow,
    sabotages: [
      source(
        'each process counts for itself',
        'src/services.ts',
        'createAttempts({\n    redis: limitsRedis,',
        'createAttempts({\n    redis: undefined,',
        { red: 'process-memory-only' },
      ),
      source(
        'an unknown account is refused at once',
        passwords,
        'const other = passwordHash ?? (await nobody)',
        'if (!passwordHash) return false\n    const other = passwordHash',
        { red: 'times-differ' },
      ),
      source('the delay stays as it is', attempts, 'count.first * 2 ^ over', 'count.first', {
        red: 'delay-does-not-grow',
      }),
      source('tries count when they are over', attempts, '    count.f = count.f + 1\n', '', {
        red: 'burst-gets-through',
      }),
      source('nobody is exempt', attempts, 'not (i == 1 and exempt)', 'true', { red: 'owner-locked-out' }),
      source(
        'nobody counts without Redis',
        attempts,
        '    } catch {\n      return local.ask(outcome, names)',
        '    } catch {\n      return { wait: 0, locked: false, tell: false }',
        { red: 'open-without-redis' },
      ),
    ],
  }),
]
