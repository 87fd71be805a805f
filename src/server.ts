// HTTP door: config, resources, services, app, listen; a signal or an uncaught error closes in reverse and ends the process.
import { setTimeout as delay } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { type Config, loadConfig } from './config.ts'
import { open } from './door.ts'
import { createLog } from './lib/log.ts'
import { openResources } from './resources.ts'
import { createServices } from './services.ts'
import { version } from './version.ts'

type Extras = { homePage?: string; afterClose?: () => Promise<void> }

/** Serves until the process is told to stop. Answers the address. Rejects when the database stays away or the port is taken. */
export async function serve(config: Config, { homePage, afterClose }: Extras = {}): Promise<string> {
  const log = createLog({ ...config.log, service: 'seaworthy-api', version, deployment: config.deployment })
  const resources = await openResources(config, log)
  const services = await createServices(config, resources)
  const app = await buildApp({ config, services, log, poolUse: resources.poolUse, homePage })

  closeWithGrace(
    { delay: config.http.shutdownTimeout, logger: { error: (said) => log.error(said) } },
    async ({ signal, err }) => {
      if (err) log.fatal({ err }, 'uncaught error: stopping')
      else log.info({ signal }, 'stopping')
      services.readiness.drain()
      await delay(config.http.drain)
      await app.close()
      await resources.close()
      await afterClose?.()
      log.info('stopped')
    },
  )

  try {
    return await app.listen({ host: config.http.host, port: config.http.port })
  } catch (error) {
    await app.close()
    await resources.close()
    throw error
  }
}

if (import.meta.main) await open(() => serve(loadConfig()))
