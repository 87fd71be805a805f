// Opens what the process holds on to, and gives it back in one close().
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from './config.ts'
import { type Database, openDatabase } from './db/client.ts'
import { sql } from './db/drizzle.ts'
import type { Log } from './lib/log.ts'
import { createMailer } from './lib/mailer.ts'
import { openRedis, type Redis, signInAs } from './lib/redis.ts'

export type Resources = Awaited<ReturnType<typeof openResources>>

/** Waits for the database for as long as the configuration allows. Rejects with a message for people when it stays away. */
export async function openResources(config: Config, log: Log) {
  const database = openDatabase(config.database, (error) =>
    log.warn({ err: error }, 'an idle database connection broke'),
  )
  await untilItAnswers(database.db, config.database, log).catch(async (error) => {
    await database.close()
    throw error
  })
  const standby =
    config.standby &&
    openDatabase(config.standby, (error) => log.warn({ err: error }, 'an idle connection to the standby broke'))
  const mailer = createMailer(config.mail)
  let outboxUrl = config.outbox.url
  const [limitsRedis, cacheRedis] = await Promise.all([connect('limits'), connect('cache')])
  return {
    db: database.db,
    send: database.send,
    standby: standby && config.standby && { ...standby, bound: config.standby.bound },
    mailer,
    /** None in embedded mode: limits and cache are then this process's own. */
    limitsRedis,
    cacheRedis,
    outboxUrl: () => outboxUrl,
    poolUse: database.use,
    /** Other passwords, for the connections to come. The queues' and the mail server's need a restart. */
    use(fresh: Config) {
      database.connectTo(fresh.database.url)
      if (fresh.standby) standby?.connectTo(fresh.standby.url)
      outboxUrl = fresh.outbox.url
      if (limitsRedis) signInAs(limitsRedis, fresh.redis.limits)
      if (cacheRedis) signInAs(cacheRedis, fresh.redis.cache)
    },
    async close() {
      mailer.close()
      limitsRedis?.disconnect()
      cacheRedis?.disconnect()
      await Promise.all([standby?.close(), database.close()])
    },
  }

  async function connect(name: 'limits' | 'cache'): Promise<Redis | undefined> {
    const onError = (error: Error) => log.warn({ err: error }, `the Redis of the ${name} is in trouble`)
    return config.redis[name] ? openRedis(config.redis[name], { timeout: config.redis.timeout, onError }) : undefined
  }
}

async function untilItAnswers(db: Database, { url, startTimeout }: Config['database'], log: Log): Promise<void> {
  const { host, pathname } = new URL(url)
  const end = performance.now() + startTimeout
  for (let pause = 100; ; pause = Math.min(pause * 2, 2000)) {
    try {
      await db.execute(sql`SELECT 1`)
      return
    } catch (error) {
      const reason = reasonOf(error)
      if (performance.now() + pause > end) {
        throw new Error(
          `PostgreSQL at ${host}${pathname} did not answer within ${startTimeout} ms (${reason}). Is it running, and is DATABASE_URL right?`,
        )
      }
      log.warn({ reason, host }, 'the database does not answer yet: trying again')
      await delay(pause)
    }
  }
}

/** What the driver said, beneath the errors that wrap it. */
function reasonOf(error: unknown): string {
  let reason = error as NodeJS.ErrnoException
  while (reason.cause instanceof Error) reason = reason.cause
  return reason.message || reason.code || String(error)
}
