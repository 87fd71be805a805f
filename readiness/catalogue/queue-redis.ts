import { type Control, config, control, source } from '../control.ts'
import { takesOnlyWhatKeepsJobs } from '../probes/queue-redis.ts'

const asks = 'src/lib/queue-redis.ts'
const trusts = 'src/queue-redis.ts'
const arranges = 'src/config.arrange.ts'

export const queueRedis: Control = control({
  id: 'QUE-06',
  level: 'must',
  tier: 'slow',
  holds:
    'A worker does not start on a Redis that drops jobs or forgets them, or is too old, unless that is accepted by name; what a managed one does not say is a warning and a gauge, and each reconnect is looked at again. Queues, limits and cache have addresses and a prefix of their own.',
  because:
    'The default of managed Redis is to evict: jobs vanish on the day on which there are most of them, and nothing fails.',
  code: [asks, trusts, 'src/lib/queue-store.ts', 'stores/redis/queues.conf', arranges],
  runbook: 'docs/runbooks/queues.md#a-worker-refuses-its-redis',
  needs: ['database', 'redis', 'mail', 'payments'],
  probe: takesOnlyWhatKeepsJobs,
  sabotages: [
    source(
      'set allkeys-lru',
      'stores/redis/queues.conf',
      'maxmemory-policy noeviction',
      'maxmemory-policy allkeys-lru',
      {
        red: 'production-refused',
      },
    ),
    source('no AOF in production', 'stores/redis/queues.conf', 'appendonly yes', 'appendonly no', {
      red: 'production-refused',
    }),
    config('it is accepted everywhere', { QUEUE_REDIS_CHECK: 'warn' }, { red: 'started-with-eviction' }),
    source('any policy will do', asks, "(word) => word === 'noeviction'", '() => true', {
      red: 'started-with-eviction',
    }),
    source('a memory that is lost will do', asks, "(word) => ['1', 'yes'].includes(word)", '() => true', {
      red: 'started-without-aof',
    }),
    source('any version will do', asks, 'judge(version, isNewEnough)', 'judge(version, () => true)', {
      red: 'started-with-an-old-one',
    }),
    source('nobody says what to do', trusts, ' can lose jobs:\\n${problems.join', ' is not good:\\n${[].join', {
      red: 'remedy-not-named',
    }),
    source('what INFO does not say is not asked', asks, " ?? (await configured(redis, 'maxmemory-policy'))", '', {
      red: 'config-not-asked',
    }),
    source(
      'what is not said is taken for bad',
      asks,
      'value === undefined ? undefined : fits(value)',
      'value !== undefined && fits(value)',
      {
        red: 'unseen-refused',
      },
    ),
    source('what is not said is not told', trusts, '  if (unseen.length > 0)\n', '  if (unseen.length > 9)\n', {
      red: 'unseen-not-told',
    }),
    source('no gauge', trusts, '    unchecked.set({ setting }, fits === undefined ? 1 : 0)\n', '', { red: 'no-gauge' }),
    source('nobody may accept it', trusts, "config.queues.check === 'refuse'", 'config.queues', {
      red: 'acceptance-ignored',
    }),
    source('looked at once', asks, "redis.on('ready', look)", "redis.once('ready', look)", {
      red: 'not-looked-at-again',
    }),
    source('limits share the queue’s', arranges, 'v.LIMITS_REDIS_URL ?? v.REDIS_URL', 'v.REDIS_URL', {
      red: 'limits-not-apart',
    }),
    source('the cache shares the queue’s', arranges, 'v.CACHE_REDIS_URL ?? v.REDIS_URL', 'v.REDIS_URL', {
      red: 'cache-not-apart',
    }),
    source('limits have no prefix', 'src/lib/limits.ts', '`${prefix}:limit:${key}`', '`limit:${key}`', {
      red: 'no-prefix',
    }),
  ],
})
