// Whether nothing is lost, doubled or half done when what the service stands on fails, or the service itself is killed.
import { type Control, control, removed, source, sources } from '../control.ts'
import { leavesNothingHalfDone } from '../probes/reliability-crash.ts'
import { healsUnderLoad, refusesWhatFindsNoConnection } from '../probes/reliability-database.ts'
import { anotherDoesIt, waitsForRedis } from '../probes/reliability-events.ts'
import { patientDatabase } from '../probes/reliability-scene.ts'

const addEvent = '  await addEvent(tx).execute(row)\n'
const toQueue = `const { Redis } = await import('ioredis')
  const redis = new Redis(process.env.REDIS_URL ?? '', { lazyConnect: true, retryStrategy: () => null }).on('error', () => {})
  const sent = redis.connect().then(() => redis.lpush('events', kind)).finally(() => redis.disconnect())\n`

const settlement = 'src/modules/payments/settlement.service.ts'

export const reliabilityLosses: Control[] = [
  control({
    id: 'REL-05',
    level: 'must',
    holds: 'kill -9 of a worker in mid-job: another does the job, and it has its effect once.',
    because:
      'Workers are killed by deploys and by the memory limit every day: what they had in hand is neither lost nor done twice.',
    code: ['src/lib/queues.ts', 'src/db/inbox.ts'],
    runbook: 'docs/runbooks/queues.md#a-worker-died-in-the-middle-of-a-job',
    needs: ['api', 'redis', 'mail'],
    // The outbox would publish again after a while: here only the queue can bring a job back.
    own: { ...patientDatabase, OUTBOX_RETRY_MS: '60000', QUEUE_LOCK_MS: '1000' },
    probe: anotherDoesIt,
    sabotages: [
      source(
        'a job is acknowledged before the work',
        'src/lib/queues.ts',
        'await inTime(limits.job, () => handle(event, job.data))',
        'inTime(limits.job, () => handle(event, job.data)).catch(() => {})',
        { red: 'not-done-again' },
      ),
      sources(
        'each delivery has its effect',
        [
          { file: 'src/db/inbox.ts', find: 'if (ours) await effect(tx)', replace: 'await effect(tx)' },
          {
            file: 'src/modules/notifications/notifications.service.ts',
            find: 'eventId: event.id, kind, data',
            replace: 'eventId: crypto.randomUUID(), kind, data',
          },
        ],
        { red: 'done-twice' },
      ),
    ],
  }),

  control({
    id: 'REL-10',
    level: 'must',
    holds: 'Redis gone: reads and writes work, events wait in the outbox, and are delivered once when it is back.',
    because:
      'Redis is the part that restarts most often; an acceptance whose parties never hear of it is a lost contract.',
    code: ['src/db/outbox.ts', 'src/db/relay.ts', 'src/lib/queues.ts'],
    runbook: 'docs/runbooks/queues.md#redis-is-away',
    needs: ['api', 'worker'],
    own: { OUTBOX_RETRY_MS: '60000' },
    probe: waitsForRedis,
    sabotages: [
      source(
        'an event is not given back when its publication fails',
        'src/db/relay.ts',
        '      await unclaimEvent(db, event)\n',
        '',
        { red: 'not-delivered' },
      ),
      source('a write waits for the queue', 'src/db/outbox.ts', addEvent, `  ${toQueue}  await sent\n${addEvent}`, {
        red: 'write-refused',
      }),
      source(
        'an event goes straight to the queue',
        'src/db/outbox.ts',
        addEvent,
        `  ${toQueue}  sent.catch(() => {})\n`,
        { red: 'no-event-waits' },
      ),
    ],
  }),

  control({
    id: 'REL-14',
    level: 'must',
    holds:
      'The pool is bounded, gives up waiting, replaces its connections and tries those that rested: when all are in use, the rest is a quick 503, never a hang.',
    because:
      'One slow query that holds all connections otherwise lets every caller wait, until the whole service stands still.',
    code: ['src/db/client.ts', 'src/db/connections.ts', 'src/db/failures.ts'],
    runbook: 'docs/runbooks/database.md#the-pool-is-exhausted',
    needs: ['api'],
    own: {
      ...patientDatabase,
      DATABASE_POOL_MAX: '2',
      DATABASE_CONNECT_TIMEOUT_MS: '2000',
      DATABASE_CONNECTION_LIFETIME_MS: '1000',
    },
    probe: (context) => refusesWhatFindsNoConnection(context, 2),
    sabotages: [
      removed('src/db/client.ts', '    connectionTimeoutMillis: options.connectTimeout,', { red: 'waits-without-end' }),
      removed('src/db/client.ts', '    max: options.poolMax,', { red: 'pool-exceeds-its-size' }),
      removed('src/db/client.ts', '    maxLifetimeSeconds: Math.ceil(options.connectionLifetime / 1000),', {
        red: 'connections-never-replaced',
      }),
      source(
        'a connection is used untried, however long it rested',
        'src/db/connections.ts',
        'if (!hasRested(client)) return client',
        'return client',
        { red: 'rested-not-tried' },
      ),
      source(
        'the refusal does not say when to try again',
        'src/db/failures.ts',
        "out of reach for the moment. Try again', {\n    headers: { 'retry-after': '1' },\n",
        "out of reach for the moment. Try again', {\n",
        { red: 'not-a-503' },
      ),
    ],
  }),

  control({
    id: 'REL-15',
    level: 'must',
    holds:
      'PostgreSQL drops every connection under load: the same process answers right or 503, and is well again by itself.',
    because:
      'Databases fail over and are patched; a service that ends with its connections, or makes up answers, turns seconds into an outage.',
    code: ['src/db/client.ts', 'src/db/transaction.ts', 'src/db/failures.ts'],
    runbook: 'docs/runbooks/database.md#the-database-is-away',
    needs: ['api'],
    // The cache goes on answering without PostgreSQL: REL-12 looks at that.
    own: { ...patientDatabase, CACHE: 'off' },
    probe: healsUnderLoad,
    sabotages: [
      removed('src/db/client.ts', "  pool.on('error', onError)", { red: 'process-ended' }),
      removed('src/db/client.ts', "  pool.on('connect', (client) => client.on('error', () => {}))", {
        red: 'process-ended',
      }),
      removed('src/db/failures.ts', '  if (error instanceof Error && isAway(error)) return unavailable(error)', {
        red: 'not-a-503',
      }),
      source(
        'what can’t be read is not found',
        'src/modules/jobs/jobs.service.ts',
        'const row = await findJob(reads.newest, id)\n    if (!row || !maySee',
        'const row = await findJob(reads.newest, id).catch(() => undefined)\n    if (!row || !maySee',
        { red: 'wrong-answer' },
      ),
    ],
  }),

  control({
    id: 'REL-21',
    level: 'must',
    holds:
      'kill -9 of the API under load leaves no partial change: applications, contracts, jobs, audit and outbox agree, and a repeated call succeeds once; in the middle of a payment, ledger, contract and provider agree after it, with one charge.',
    because:
      'An acceptance without its contract, or an event of what never was, can’t be found later but by the people whom it harms.',
    code: [
      'src/modules/applications/applications.service.ts',
      settlement,
      'src/db/transaction.ts',
      'src/db/once.ts',
      'src/db/outbox.ts',
    ],
    runbook: 'docs/runbooks/database.md#a-change-is-half-done',
    needs: ['api', 'redis', 'payments'],
    own: { ...patientDatabase, PAYMENTS_LEASE_MS: '2000' },
    probe: leavesNothingHalfDone,
    sabotages: [
      source(
        'one transaction is split',
        'src/modules/applications/applications.service.ts',
        "settle(tx, id, 'accepted')",
        "settle(db, id, 'accepted')",
        { red: 'half-done' },
      ),
      source(
        'an event is told outside of its transaction',
        'src/modules/applications/applications.service.ts',
        "        tx,\n        'application.accepted',",
        "        db,\n        'application.accepted',",
        { red: 'event-without-change' },
      ),
      source(
        'the audit is written outside of its transaction',
        'src/modules/applications/applications.service.ts',
        "audit(tx, actor, 'application.accepted'",
        "audit(db, actor, 'application.accepted'",
        { red: 'record-without-change' },
      ),
      source('the ledger moves on its own', settlement, 'ledger.move(tx, fundingOf', 'ledger.move(db, fundingOf', {
        red: 'never-settled',
      }),
      source(
        'a try that was cut off is never taken up',
        'src/modules/payments/payments.repository.ts',
        "WHERE status = 'pending' AND next_try_at <= now()",
        "WHERE status = 'pending' AND tries = 0 AND next_try_at <= now()",
        { red: 'never-settled' },
      ),
    ],
  }),
]
