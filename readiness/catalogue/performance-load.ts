// What holds under a crowd, told by ratios: absolute times are a matter of the machine (npm run bench).
import { type Control, control, source } from '../control.ts'
import { hitsUnderBrowsing, staysQuickWhileManySignIn } from '../probes/performance-load.ts'

const cache = 'src/lib/cache.ts'

export const performanceLoad: Control[] = [
  control({
    id: 'PER-07',
    level: 'must',
    holds:
      'More than 85 % of the reads of people who browse lists and jobs are hits of the cache, while jobs are changed beside them.',
    because:
      'A cache that is forgotten at each write, or keyed by what differs with each caller, is there and saves nothing.',
    code: [cache, 'src/plugins/cached-answers.ts', 'src/lib/generations.ts'],
    runbook: 'docs/runbooks/cache.md#the-database-is-asked-too-often',
    needs: ['api', 'redis'],
    own: {},
    probe: (context) => hitsUnderBrowsing(context, 0.85),
    sabotages: [
      source('answers end at once', cache, 'short: 60,', 'short: 0,', { red: 'too-few-hits' }),
      source(
        'each read is another to the cache',
        'src/plugins/cached-answers.ts',
        'const key = `${shape}:',
        'const key = `${shape}${request.id}:',
        {
          red: 'too-few-hits',
        },
      ),
      source(
        'a write forgets every job',
        'src/modules/jobs/jobs.service.ts',
        "  one: (id = '') => `job:${id}`,",
        "  one: (_id = '') => 'job',",
        {
          red: 'too-few-hits',
        },
      ),
    ],
  }),

  control({
    id: 'PER-08',
    level: 'must',
    holds:
      'The event loop goes on while people sign in: the 99th percentile of its delay is below 50 ms, or on a busy machine below a third of what one hash takes.',
    because:
      'A password that is hashed on the main thread stops every other request for as long, and sign-ins come in floods.',
    code: ['src/lib/passwords.ts', 'src/plugins/admission.ts'],
    runbook: 'docs/runbooks/load.md#more-load-than-it-can-take',
    needs: ['api', 'redis'],
    // One hash takes several hundred milliseconds, and keeps one of the processors busy.
    own: { ARGON2_PASSES: '20', ARGON2_MEMORY_KIB: '65536', PASSWORD_HASHES_AT_ONCE: '1' },
    probe: (context) => staysQuickWhileManySignIn(context, 1 / 3),
    sabotages: [
      source(
        'passwords are hashed on the main thread',
        'src/lib/passwords.ts',
        'import { hash as argon2, verify }',
        'import { hashSync as argon2, verifySync as verify }',
        {
          red: 'loop-waits',
        },
      ),
    ],
  }),
]
