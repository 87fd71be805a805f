// Whether Redis may restart, forget everything, and fail over, and the service goes on by itself.
import { type Control, control, removed, source } from '../control.ts'
import { failover, followsFailover } from '../probes/redis-failover.ts'
import { healsAfterLosses, slowSweeps } from '../probes/redis-losses.ts'

const redis = 'src/lib/redis.ts'
const reconnects = '    retryStrategy: (attempt) => Math.min(attempt * 50, 500),'

export const reliabilityRedis: Control[] = [
  control({
    id: 'REL-16',
    level: 'must',
    tier: 'slow',
    holds:
      'After a restart of Redis, and after it has lost all that it held, under load, a canary job is done within 30 seconds, schedules too; no event is lost or told twice, no call is refused.',
    because:
      'Workers that look connected and do nothing after an outage of Redis are found by the people who were told nothing.',
    code: [redis, 'src/lib/queue-store.ts', 'src/queue-redis.ts', 'src/db/outbox.ts', 'src/schedules.ts'],
    runbook: 'docs/runbooks/queues.md#redis-is-lost-for-good',
    needs: ['api', 'worker', 'redis', 'mail'],
    own: slowSweeps,
    probe: healsAfterLosses,
    sabotages: [
      source('reconnection is removed', redis, reconnects, '    retryStrategy: () => null,', {
        red: 'canary-not-done',
      }),
      removed('src/queue-redis.ts', '    if (queues.hasForgotten()) isDue = true', { red: 'schedule-not-put-back' }),
      removed('src/worker.ts', '    await restoreEvents(process)', { red: 'event-lost' }),
      removed('src/worker.ts', '    await schedules?.keep()', { red: 'schedule-not-put-back' }),
      source(
        'what was published once is never published again',
        'src/db/outbox.ts',
        '(published_at IS NULL OR published_at < now() - make_interval(secs => ${retryAfter / 1000}))',
        'published_at IS NULL AND ${retryAfter} > 0',
        { red: 'event-lost' },
      ),
    ],
  }),

  control({
    id: 'REL-18',
    level: 'should',
    tier: 'slow',
    holds:
      'Redis by Sentinel: when the primary dies or hangs, under load, API and workers use the one that took over within 30 seconds, and leave one that takes no writes; no event is lost or told twice, no call is refused.',
    because:
      'A failover that the service does not follow is an outage with a healthy Redis; one that it half follows writes to a replica.',
    code: [redis, 'src/lib/redis-sentinel.ts', 'src/lib/queue-store.ts', 'src/queue-redis.ts'],
    runbook: 'docs/runbooks/queues.md#redis-fails-over',
    needs: ['database', 'mail', 'payments'],
    own: failover,
    probe: followsFailover,
    sabotages: [
      source(
        'it points at one node, whatever sentinels say later',
        redis,
        'new Redis({ ...sentinelsOf(url), ...always })',
        `new Redis({
        ...sentinelsOf(url),
        ...always,
        updateSentinels: false,
        natMap: (at) => {
          const [host = '', port] = at.split(':')
          const kept = globalThis as { only?: { host: string; port: number } }
          kept.only ??= { host, port: Number(port) }
          return kept.only
        },
      })`,
        { red: 'stays-with-the-dead' },
      ),
      removed(redis, "    reconnectOnError: ({ message }) => message.includes('READONLY') && (isPatient ? 2 : 1),", {
        red: 'stays-with-the-replica',
      }),
      removed(redis, '    socketTimeout: silence,', { red: 'stays-with-the-hung' }),
      removed(redis, '    sentinelCommandTimeout: 1000,', { red: 'stays-with-the-hung' }),
      source('reconnection is removed', redis, reconnects, '    retryStrategy: () => null,', {
        red: 'stays-with-the-dead',
      }),
      source(
        'what the old one had not passed on is not looked for',
        'src/queue-redis.ts',
        '    if (run && look.run !== run) isDue = true\n',
        '',
        {
          red: 'event-lost',
        },
      ),
    ],
  }),
]
