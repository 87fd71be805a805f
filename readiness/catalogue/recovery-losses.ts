// Whether the service comes back when what holds its data is lost for good.
import { type Control, control, source } from '../control.ts'
import { seeProduction } from '../probes/operations-containers.ts'
import { outlivesItsRedis, smallRedis } from '../probes/recovery-redis.ts'

const promote = 'scripts/promote-standby'
const relay = 'src/db/relay.ts'

export const recoveryLosses: Control[] = [
  control({
    id: 'DRY-10',
    level: 'must',
    holds:
      'The primary of PostgreSQL is killed under writes: ./scripts/promote-standby puts the standby in its place, API and worker write again by themselves, in measured seconds; with synchronous commits nothing that was acknowledged is lost; the old primary takes no more writes, and a new standby follows.',
    because:
      'A standby that nobody ever promoted is a hope: at the first real loss the service still asks for the old one, or both take writes, and their histories can never be joined again.',
    code: [promote, 'scripts/failover', 'stores/replica.sh', 'stores/pgbouncer.ini', 'docker-compose.production.yml'],
    runbook: 'docs/runbooks/postgres-failover.md#the-primary-is-lost',
    tier: 'docker',
    needs: ['docker'],
    own: {},
    probe: seeProduction('failover'),
    sabotages: [
      source(
        'the name still leads to the old primary',
        promote,
        'record POSTGRES_DATA "$to" POSTGRES_REPLICA_DATA "$from"',
        ':',
        { red: 'the-service-writes-again-by-itself' },
      ),
      source('the old primary is not put out of use', promote, '"$PGDATA/standby.signal" && sync', '&& sync', {
        red: 'the-old-primary-takes-no-writes',
      }),
    ],
  }),

  control({
    id: 'DRY-12',
    level: 'must',
    holds:
      'Redis is lost with all it held, and an empty one comes: whoever was signed in stays so, limits count from zero and hold, the cache fills with what was written last, and each committed event has its effect once.',
    because:
      'A Redis that is replaced is empty: events that were only there are people who are never told, and nobody can say who they were.',
    code: [relay, 'src/db/outbox.ts', 'src/lib/queues.ts', 'src/lib/limits.ts', 'src/lib/cache.ts'],
    runbook: 'docs/runbooks/queues.md#redis-is-lost-for-good',
    needs: ['api', 'worker', 'redis', 'mail'],
    own: smallRedis,
    probe: outlivesItsRedis,
    sabotages: [
      source(
        'an event is enqueued after its commit, and that is all',
        relay,
        'events.map(publish)',
        "events.map((event) => publish(event).then(async () => (await import('./outbox.ts')).markHandled(db, event.id)))",
        { red: 'event-lost' },
      ),
      source(
        'the queue is trusted with what it was given',
        'src/db/outbox.ts',
        '(published_at IS NULL OR published_at < now() - make_interval(secs => ${retryAfter / 1000}))',
        '(published_at IS NULL OR ${retryAfter < 0})',
        { red: 'event-lost' },
      ),
    ],
  }),
]
