import { type Control, control, removed, source, sources } from '../control.ts'
import { keepAndRedrive } from '../probes/queue-dead-letters.ts'
import { retryLater } from '../probes/queue-retries.ts'
import { shareTheLoad } from '../probes/queue-sharing.ts'
import { queuesSeen } from './observability-looks.ts'
import { queueSeen } from './observability-metrics.ts'
import { queueRedis } from './queue-redis.ts'
import { queueSchedules } from './queue-schedules.ts'

const queues = 'src/lib/queues.ts'
const store = 'src/lib/queue-store.ts'
const outbox = 'src/db/outbox.ts'
const deadLetters = 'src/modules/admin/dead-letters.service.ts'

export const queue: Control[] = [
  control({
    id: 'QUE-01',
    level: 'must',
    holds:
      'A failing job is tried as often as the configuration says, after waits that double and that differ between jobs.',
    because: 'Jobs that retry at once, or all at the same moment, keep down the mail server that was just coming back.',
    code: [store],
    runbook: 'docs/runbooks/queues.md#events-are-not-told',
    needs: ['api', 'worker', 'redis', 'mail'],
    own: { QUEUE_ATTEMPTS: '5', QUEUE_BACKOFF_MS: '200', OUTBOX_RETRY_MS: '60000' },
    probe: (context) => retryLater(context, { attempts: 5, backoff: 200 }),
    sabotages: [
      source(
        'at once, for ever',
        store,
        "{ attempts, backoff: { type: 'exponential', delay: backoff, jitter: 0.5 } }",
        "{ attempts: 1_000_000, backoff: { type: 'fixed', delay: 0 } }",
        { red: 'retried-at-once' },
      ),
      source('every wait is the same', store, "type: 'exponential'", "type: 'fixed'", { red: 'waits-do-not-grow' }),
      source('no jitter', store, ', jitter: 0.5', '', { red: 'no-jitter' }),
      source('one try more', store, '{ attempts, backoff:', '{ attempts: attempts + 1, backoff:', {
        red: 'tried-too-often',
      }),
      source('one try less', store, '{ attempts, backoff:', '{ attempts: attempts - 1, backoff:', {
        red: 'gave-up-early',
      }),
    ],
  }),

  control({
    id: 'QUE-02',
    level: 'must',
    holds:
      'After its last try an event is kept with its error, listed and counted without addresses; those behind it go on, and a command or an admin delivers it, which is audited.',
    because:
      'A job that vanishes after its last try is a person who was never told; one that stays in the way stops everyone behind it.',
    code: [outbox, 'src/worker.ts', 'src/dead-letters.ts', deadLetters, queues],
    runbook: 'docs/runbooks/queues.md#dead-letters',
    needs: ['api', 'worker', 'redis', 'mail'],
    own: { QUEUE_ATTEMPTS: '2', QUEUE_BACKOFF_MS: '50', OUTBOX_RETRY_MS: '60000' },
    probe: keepAndRedrive,
    sabotages: [
      removed('src/worker.ts', '      await markDead(db, id, error.message)', { red: 'not-kept' }),
      source(
        'removed on failure',
        outbox,
        '.set({ deadAt: sql`now()`, error: error.slice(0, 2000) })',
        '.set({ handledAt: sql`now()` })',
        { red: 'not-kept' },
      ),
      source('kept without its error', outbox, 'error: error.slice(0, 2000)', "error: error && 'failed'", {
        red: 'error-not-kept',
      }),
      source(
        'in the way of those behind it',
        outbox,
        'earlier.handled_at IS NULL AND earlier.dead_at IS NULL',
        'earlier.handled_at IS NULL',
        { red: 'blocked-behind-it' },
      ),
      sources(
        'the address is told',
        ['src/lib/mailer.ts', deadLetters].map((file) => ({ file, find: "'(address)'", replace: "'$&'" })),
        { red: 'address-shown' },
      ),
      removed(deadLetters, "      await audit(tx, operator, 'dead-letter.redriven', first.id, { after })", {
        red: 'redrive-not-audited',
      }),
      source('redriving changes nothing', outbox, '.set(fresh)', '.set({ error: sql`error` })', {
        red: 'redrive-did-nothing',
      }),
      removed(queues, '    if (again) await removeEnded(await queue?.getJob(id))', { red: 'redriven-in-vain' }),
    ],
  }),

  ...queueSchedules,
  queueSeen,

  control({
    id: 'QUE-05',
    level: 'must',
    holds:
      'Two workers share the waiting jobs; a job that outlasts its lock stays with the worker that does it, and has its effect once.',
    because:
      'A second worker that does nothing is a queue that grows; one that takes what the first still does mails everyone twice.',
    code: [queues, 'src/worker.ts'],
    runbook: 'docs/runbooks/queues.md#something-was-told-twice',
    needs: ['api', 'redis', 'mail'],
    own: {
      QUEUE_LOCK_MS: '1000',
      DATABASE_LOCK_TIMEOUT_MS: '20000',
      DATABASE_STATEMENT_TIMEOUT_MS: '20000',
      OUTBOX_RETRY_MS: '60000',
    },
    probe: (context) => shareTheLoad(context, 1000),
    sabotages: [
      source(
        'the lock is not renewed',
        store,
        'lockDuration: lock,',
        'lockDuration: lock,\n        skipLockRenewal: true,',
        {
          red: 'mailed-twice',
        },
      ),
      source(
        'one job at a time, over all workers',
        queues,
        '    await Promise.all(workers.map((worker) => worker.waitUntilReady()))',
        '    await Promise.all(workers.map((worker) => worker.waitUntilReady()))\n    for (const each of queues.values()) await each.setGlobalConcurrency(1)',
        { red: 'not-shared' },
      ),
    ],
  }),
  queueRedis,
  queuesSeen,
]
