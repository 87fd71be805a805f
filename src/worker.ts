// Job door: moves events from the outbox to the queues, and works on what waits there, until the process is told to stop.
import { createServer } from 'node:http'
import { configReader } from './config.ts'
import { markDead } from './db/outbox.ts'
import { startRelay } from './db/relay.ts'
import { open } from './door.ts'
import { createQueueMetrics } from './lib/queue-metrics.ts'
import { openQueues } from './lib/queues.ts'
import { erasureHandlers } from './modules/erasures/erasures.worker.ts'
import { exportHandlers } from './modules/exports/exports.worker.ts'
import { letterHandlers } from './modules/identity/letters.worker.ts'
import { notificationHandlers } from './modules/notifications/notifications.worker.ts'
import { uploadHandlers } from './modules/uploads/uploads.worker.ts'
import { restoreEvents, trustQueueRedis } from './queue-redis.ts'
import { type Part, type Process, run } from './run.ts'
import { startSchedules } from './schedules.ts'
import { keepSecretsFresh } from './secrets.ts'
import { watchStores } from './vitals.ts'

/** Works on jobs, and relays events. Resolves when it is connected to its queues. */
export async function startWorker(process: Process): Promise<Part> {
  const { config, log, services, tracing } = process
  const { db, outboxUrl, limitsRedis, cacheRedis } = process.resources
  const handlers = [
    ...notificationHandlers(services),
    ...letterHandlers(services),
    ...exportHandlers(services),
    ...uploadHandlers(services),
    ...erasureHandlers({ ...services, forget: (word) => queues.forget(word) }),
  ]
  const queues = openQueues(handlers, {
    ...config.queues,
    begin: tracing.begin,
    metrics: createQueueMetrics(services.metrics),
    onError: (error) => log.warn({ err: error }, 'the queue is in trouble'),
  })
  watchStores(services.metrics, { db, limitsRedis, cacheRedis, queuesInfo: queues.info })
  const restore = async () => {
    await restoreEvents(process)
    await schedules?.keep()
  }
  let schedules: Awaited<ReturnType<typeof startSchedules>> | undefined
  // Without Redis no event is lost: they wait in the outbox, and go on when it is back.
  services.readiness.watch({ name: 'queue', covered: 'events-wait', check: queues.ping })
  // A process that lives is not yet one that works.
  services.readiness.watch({ name: 'jobs', after: 'queue', every: 5000, check: queues.consumes })
  // Nor is a mail: its job is tried again, and a worker can start without.
  services.readiness.watch({
    name: 'mail',
    covered: 'mail-waits',
    startsWithout: true,
    every: 10_000,
    check: services.mailer.verify,
  })
  const trust = await trustQueueRedis(process, queues, restore)
  await queues.work({
    concurrency: config.worker.concurrency,
    perSecond: config.worker.perSecond,
    onFailed: ({ id, requestId }, kind, error) =>
      log.warn({ err: error, eventId: id, kind, requestId }, 'a job failed'),
    onDead: async ({ id, requestId }, error) => {
      await markDead(db, id, error.message)
      log.error({ err: error, eventId: id, requestId }, 'a job is a dead letter')
    },
  })
  const sealing = await services.seals.keepSealing((error) =>
    log.warn({ err: error }, 'the audit trail could not be sealed: trying again'),
  )
  const trying = await services.payments.keepTrying((error) =>
    log.warn({ err: error }, 'payments that are due could not be tried: trying again'),
  )
  schedules = await startSchedules(process, queues)
  const trials = await queues.keepTrying()
  log.info({ concurrency: config.worker.concurrency }, 'working on jobs')
  const relay = startRelay({
    ...config.outbox,
    db,
    url: outboxUrl,
    publish: (event) => queues.publish(event, event.again),
    onError: (error) => log.warn({ err: error }, 'the outbox could not be relayed: trying again'),
  })
  return {
    async close() {
      await relay.close()
      await trust.close()
      await schedules?.close()
      await trials.close()
      await queues.close()
      await sealing.close()
      await trying.close()
    },
  }
}

/** Answers a platform that asks whether this worker lives and is ready, and its metrics, on a port of its own. */
export async function startHealth({ config, services: { readiness, metrics } }: Process): Promise<Part> {
  const pages: Record<string, () => Promise<{ status: string }>> = {
    '/health/live': async () => ({ status: 'live' }),
    '/health/ready': readiness.verdict,
  }
  const server = createServer(async ({ url = '' }, answer) => {
    if (url === '/metrics') return metrics.serve(answer)
    const verdict = await pages[url]?.()
    const well = verdict && ['live', 'ready', 'degraded'].includes(verdict.status)
    const status = verdict ? (well ? 200 : 503) : 404
    answer
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify(verdict ?? { status: 'unknown' }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(config.worker.healthPort, config.http.host, resolve)
  })
  return { close: () => new Promise((resolve) => server.close(resolve)) }
}

if (import.meta.main) {
  const read = configReader()
  await open(async () => run(await read(), 'seaworthy-worker', [startHealth, keepSecretsFresh(read), startWorker]))
}
