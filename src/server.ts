// HTTP door: answers the API until the process is told to stop.
import { buildApp } from './app.ts'
import { configReader } from './config.ts'
import { open } from './door.ts'
import { openQueueViews } from './lib/queue-views.ts'
import { startMetrics } from './metrics.ts'
import { type Part, type Process, run } from './run.ts'
import { keepSecretsFresh } from './secrets.ts'

/** Listens. Rejects when the port is taken. */
export async function startServer(
  { config, log, tracing, resources, services }: Process,
  homePage?: string,
): Promise<Part & { address: string }> {
  const { readiness, limiter, cache } = services
  readiness.watch({ name: 'limits', covered: 'limits-local', check: limiter.check })
  readiness.watch({ name: 'cache', covered: 'cache-local', check: cache.check })
  // Who asks first should not be told that it is still starting.
  await readiness.verdict()
  const queues = openQueueViews({
    ...config.queues,
    onError: (error) => log.warn({ err: error }, 'the queues can’t be looked at'),
  })
  const app = await buildApp({
    config,
    services,
    log,
    begin: tracing.begin,
    poolUse: resources.poolUse,
    queues,
    homePage,
  })
  app.addHook('onClose', queues.close)
  const { host, port } = config.http
  try {
    const address = await app.listen({ host, port })
    const telling = await services.live.keepTelling((error) =>
      log.warn({ err: error }, 'streams could not be looked after'),
    )
    const close = async () => {
      await telling.close()
      await app.close()
    }
    return { address, close }
  } catch (error) {
    await app.close()
    throw error
  }
}

if (import.meta.main) {
  const read = configReader()
  const parts = [startMetrics, keepSecretsFresh(read), (process: Process) => startServer(process)]
  await open(async () => run(await read(), 'seaworthy-api', parts))
}
