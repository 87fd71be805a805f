// The Redis that keeps the queues: whether it may be trusted with them, and what is done when it has lost what it kept.
import { bringForward } from './db/outbox.ts'
import type { Metrics } from './lib/metrics.ts'
import type { Look } from './lib/queue-redis.ts'
import type { openQueues } from './lib/queues.ts'
import { repeat } from './lib/repeat.ts'
import type { Part, Process } from './run.ts'

type Queues = ReturnType<typeof openQueues>
type Gauges = ReturnType<typeof createQueueRedisMetrics>

/** Milliseconds after which what was under way when jobs were lost has ended, so that it is not done beside itself. */
const settle = 15_000

export function createQueueRedisMetrics(metrics: Metrics) {
  const labelNames = ['setting']
  return {
    unsafe: metrics.gauge({
      name: 'seaworthy_queue_redis_unsafe',
      help: 'Whether the Redis of the queues is set so that it can lose jobs: eviction, persistence or version',
      labelNames,
    }),
    unchecked: metrics.gauge({
      name: 'seaworthy_queue_redis_unchecked',
      help: 'Whether the Redis of the queues does not say how it is set, as managed ones do',
      labelNames,
    }),
  }
}

/**
 * Waits for the Redis of the queues, and rejects when it can lose jobs and that is not accepted. A later connection may lead to another
 * server, after a failover: that one is told of, and never ends the process. `restore` is called when jobs may have been lost.
 */
export async function trustQueueRedis(
  { config, log, services }: Process,
  queues: Queues,
  restore: () => Promise<void>,
): Promise<Part> {
  const gauges = createQueueRedisMetrics(services.metrics)
  const first = Promise.withResolvers<void>()
  let isFirst = true
  let run: string | undefined
  let isDue = false
  let told = ''
  const isWatched = queues.watch((look) => {
    setGauges(look, gauges)
    const news = JSON.stringify(look)
    // One that is connected to again and again, and is as it was, says it once.
    const said = news === told ? undefined : tell(look, log)
    told = news
    if (said && isFirst && config.queues.check === 'refuse') first.reject(new Error(said))
    // What was not yet on disk, or not yet at the replica, is lost. One that doesn't say which it is may be any.
    if (run && look.run !== run) isDue = true
    run = look.run ?? 'unknown'
    isFirst = false
    first.resolve()
  })
  if (isWatched) await first.promise
  const look = async () => {
    if (queues.hasForgotten()) isDue = true
    if (!isDue) return
    isDue = false
    await restore().catch((error) => {
      isDue = true
      throw error
    })
    log.warn('the Redis of the queues is new, another one, or has lost what it kept: events and schedules are put back')
  }
  const onError = (error: unknown) =>
    log.warn({ err: error }, 'what the Redis of the queues has lost could not be put back: trying again')
  return repeat(look, { every: 1000, onError })
}

/** What an event of the outbox lost its job by is told soon, and not only after `retryAfter`. */
export const restoreEvents = ({ config, resources: { db } }: Process) =>
  bringForward(db, Math.max(0, config.outbox.retryAfter - settle))

function setGauges({ findings }: Look, { unsafe, unchecked }: Gauges): void {
  for (const { setting, fits } of findings) {
    unsafe.set({ setting }, fits === false ? 1 : 0)
    unchecked.set({ setting }, fits === undefined ? 1 : 0)
  }
}

/** Answers what is wrong, in words, if something is. */
function tell({ findings }: Look, log: Process['log']): string | undefined {
  const unseen = findings.filter(({ fits }) => fits === undefined).map(({ setting }) => setting)
  if (unseen.length > 0)
    log.warn({ unseen }, 'the Redis of the queues does not say how it is set: see in its console that it loses no jobs')
  const wrong = findings.filter(({ fits }) => fits === false)
  if (wrong.length === 0) return undefined
  log.error({ settings: wrong.map(({ setting }) => setting) }, 'the Redis of the queues can lose jobs')
  const problems = wrong.map(({ problem, remedy }) => `  ${problem}: ${remedy}`)
  return `The Redis of the queues (REDIS_URL) can lose jobs:\n${problems.join('\n')}\nOr accept it by QUEUE_REDIS_CHECK=warn.`
}
