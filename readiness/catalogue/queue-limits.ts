// Whether jobs that stand still stand in nobody's way, and a worker that stands still says so.
import { type Control, control, removed, source } from '../control.ts'
import { goesPastStuckJobs, saysThatItTakesNothing } from '../probes/queue-limits.ts'

const queues = 'src/lib/queues.ts'
const consumption = 'src/lib/consumption.ts'
/** Nothing but the limit of the job ends its statement. */
const endless = {
  DATABASE_LOCK_TIMEOUT_MS: '120000',
  DATABASE_STATEMENT_TIMEOUT_MS: '120000',
  OUTBOX_RETRY_MS: '600000',
}
const [limit, concurrency] = [1500, 2]

export const queueLimits: Control[] = [
  control({
    id: 'QUE-08',
    level: 'must',
    holds:
      'A try of a job that takes too long is given up: its statement is cancelled, its place goes to the next, and it is tried again until it has its effect, once.',
    because:
      'One dependency that hangs takes every place of a worker, and whoever waits for something else waits for it.',
    code: [queues, 'src/lib/deadline.ts', 'src/db/cancel.ts'],
    runbook: 'docs/runbooks/queues.md#jobs-take-too-long',
    needs: ['api', 'worker', 'redis'],
    own: { ...endless, JOB_TIMEOUT_MS: String(limit), WORKER_CONCURRENCY: String(concurrency), QUEUE_ATTEMPTS: '50' },
    probe: (context) => goesPastStuckJobs(context, limit, concurrency),
    sabotages: [
      source(
        'there is no limit',
        queues,
        'await inTime(limits.job, () => handle(event, job.data))',
        'await handle(event, job.data)',
        {
          red: 'others-wait',
        },
      ),
      source(
        'what is given up goes on all the same',
        queues,
        'unlessGivenUp(underSignal(givingUp.signal, work),',
        'unlessGivenUp(work(),',
        {
          red: 'goes-on-behind',
        },
      ),
      source('it is a matter of minutes', queues, 'inTime(limits.job,', 'inTime(limits.job * 100,', {
        red: 'others-wait',
      }),
      source('what is given up is not tried again', queues, 'new Error(`It took', 'new UnrecoverableError(`It took', {
        red: 'never-told',
      }),
    ],
  }),

  control({
    id: 'REL-17',
    level: 'must',
    tier: 'slow',
    holds:
      'A worker that lives and answers, and takes nothing of what waits, is unready within a minute and says of which queue; it puts a trial into each queue, so that something waits.',
    because:
      'A process that is up is taken for one that works: people are told nothing for a night, and every dashboard is green.',
    code: [consumption, queues, 'src/worker.ts'],
    runbook: 'docs/runbooks/queues.md#a-worker-takes-nothing',
    needs: ['api', 'worker', 'redis'],
    own: { ...endless, JOB_TIMEOUT_MS: '300000', WORKER_CONCURRENCY: '1' },
    probe: (context) => saysThatItTakesNothing(context, 60_000),
    sabotages: [
      removed(
        'src/worker.ts',
        "  services.readiness.watch({ name: 'jobs', after: 'queue', every: 5000, check: queues.consumes })",
        {
          red: 'ready-all-the-same',
        },
      ),
      source(
        'nothing is put there to be taken',
        'src/worker.ts',
        'await queues.keepTrying()',
        '{ close: async () => {} }',
        {
          red: 'ready-all-the-same',
        },
      ),
      source('it may take ten minutes', consumption, 'const bound = 45_000', 'const bound = 600_000', {
        red: 'ready-all-the-same',
      }),
    ],
  }),
]
