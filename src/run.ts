// One process of the service: log, resources and services, and the parts that run on them. Closes the parts in reverse.
import { setTimeout as delay } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import type { Config } from './config.ts'
import { openErrorReports } from './lib/error-reports.ts'
import { createLog, type Log } from './lib/log.ts'
import { openTracing, type Tracing } from './lib/tracing.ts'
import { openResources, type Resources } from './resources.ts'
import { createServices, type Services } from './services.ts'
import { version } from './version.ts'
import { watchProcess } from './vitals.ts'

export type Process = { config: Config; log: Log; tracing: Tracing; resources: Resources; services: Services }
/** Something that runs until it is closed. */
export type Part = { close(): Promise<unknown> }
/** Starts a part, or does what has to be done between two. */
type Step = (process: Process) => Promise<Part | undefined>

/**
 * Opens what the parts stand on, starts them in turn, and closes all in reverse on a signal or an uncaught error: not ready first,
 * then the parts, then the resources, then what is `beneath` them. Rejects, with everything closed again, when one does not start.
 */
export async function run(config: Config, service: string, start: Step[], beneath: Part[] = []): Promise<Process> {
  const identity = { service, version, deployment: config.deployment }
  const reports = await openErrorReports({ ...config.errors, ...identity, release: `seaworthy@${version}` })
  const log = createLog({ ...config.log, ...identity, onError: reports.report })
  const tracing = await openTracing({ ...config.tracing, ...identity })
  // The last spans and reports leave when everything else has ended.
  const running: Part[] = [reports, tracing, ...beneath]
  const closeAll = async () => {
    for (const part of running.splice(0).reverse()) {
      await part.close().catch((error) => log.error({ err: error }, 'a part did not close'))
    }
  }
  let services: Services | undefined
  // From the first moment: a start that waits for its database can be stopped too, also as process 1 of a container.
  closeOnSignal(config, log, async () => {
    services?.readiness.drain()
    await delay(services ? config.http.drain : 0)
    await closeAll()
  })
  try {
    const resources = await openResources(config, log)
    running.push(resources)
    services = await createServices(config, resources, log)
    watchProcess(services.metrics, { poolUse: resources.poolUse, folder: config.disk })
    // Before the first request, so that it meets the modes, switches and flags as they are.
    running.push(
      await services.switches.keepFresh(),
      await services.flags.keepFresh(),
      await services.sessions.keepFresh(),
      await services.readiness.keepAsking(),
      await services.breakers.keepTelling(service),
    )
    const parts = { config, log, tracing, resources, services }
    for (const step of start) {
      const part = await step(parts)
      if (part) running.push(part)
    }
    return parts
  } catch (error) {
    await closeAll()
    throw error
  }
}

function closeOnSignal({ http }: Config, log: Log, close: () => Promise<void>) {
  closeWithGrace(
    { delay: http.shutdownTimeout, logger: { error: (said) => log.error(said) } },
    async ({ signal, err }) => {
      if (err) log.fatal({ err }, 'uncaught error: stopping')
      else log.info({ signal }, 'stopping')
      await close()
      log.info('stopped')
    },
  )
}
