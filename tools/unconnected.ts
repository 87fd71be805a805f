// The service as it is built, for whoever wants to know what it says of itself. Nothing is connected: the pool connects when it is first
// asked, and nothing asks.
import { buildApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import { openDatabase } from '../src/db/client.ts'
import { createLog } from '../src/lib/log.ts'
import { createMailer } from '../src/lib/mailer.ts'
import { openQueueViews } from '../src/lib/queue-views.ts'
import { openTracing } from '../src/lib/tracing.ts'
import { createServices } from '../src/services.ts'
import { makeSecrets } from './development-secrets.ts'

/** For a deployment that doesn't exist. */
export async function openUnconnected() {
  const { ownerPassword: _, appPassword: __, ...secrets } = makeSecrets()
  const config = loadConfig({
    NODE_ENV: 'test',
    PUBLIC_URL: 'https://seaworthy.example',
    SECURITY_CONTACT: 'mailto:security@seaworthy.example',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    DATABASE_STANDBY_HOST: '127.0.0.1:1',
    REDIS_URL: 'redis://127.0.0.1:1',
    SMTP_URL: 'smtp://127.0.0.1:1',
    MAIL_FROM: 'nobody@seaworthy.example',
    ...secrets,
  })
  const log = createLog({ level: 'silent', format: 'json', service: 'none', version: '', deployment: '' })
  const { begin } = await openTracing({ ...config.tracing, service: 'none', version: '', deployment: '' })
  const database = openDatabase(config.database, () => {})
  const standby = config.standby && { ...openDatabase(config.standby, () => {}), bound: config.standby.bound }
  const mailer = createMailer(config.mail)
  const services = await createServices(
    config,
    { db: database.db, send: database.send, standby, mailer, limitsRedis: undefined, cacheRedis: undefined },
    log,
  )
  const closing: (() => Promise<unknown>)[] = []
  return {
    /** With all routes. It closes with the rest. */
    async buildApp() {
      const queues = openQueueViews({ ...config.queues, onError: () => {} })
      const app = await buildApp({ config, services, log, begin, queues, poolUse: database.use })
      closing.push(() => app.close())
      await app.ready()
      return app
    },
    services,
    database,
    async close() {
      for (const close of closing) await close()
      mailer.close()
      await database.close()
    },
  }
}
