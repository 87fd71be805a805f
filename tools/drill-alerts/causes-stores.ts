// What the service stands on: PostgreSQL, Redis, mail, backups (causes-backups.ts).
import { Redis } from 'ioredis'
import pg from 'pg'
import { join } from '../journey.ts'
import { type Broken, type Cause, keepOn } from './cause.ts'
import { causesOfBackups } from './causes-backups.ts'

async function withRedis<T>({ redis }: Broken, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(redis.url)
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

const usedBy = async (client: Redis) => Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1])
const megabyte = 1024 * 1024
/** 32 MB that nobody needs. */
const ballast = Array.from({ length: 128 }, (_, n) => `drill:ballast:${n}`)
const fill = async (client: Redis) => {
  for (const key of ballast) await client.set(key, Buffer.alloc(megabyte / 4), 'EX', 300)
}
const empty = (client: Redis) => client.del(ballast)

export const causesOfStores: Cause[] = [
  {
    by: 'a session of the service forgets to end its transaction',
    wave: 1,
    due: 5,
    alerts: ['TransactionOld'],
    async begin({ appUrl }) {
      const session = new pg.Client(appUrl)
      session.on('error', () => {})
      await session.connect()
      await session.query('BEGIN')
      await session.query('SELECT count(*) FROM switches')
      return () => session.end()
    },
  },
  ...causesOfBackups,
  {
    by: 'the Redis of the queues may use little more than it does',
    wave: 2,
    alerts: ['RedisMemoryHigh'],
    begin: async (broken) => {
      await withRedis(broken, fill)
      // By another connection: what the first one sent took memory too, and gave it back.
      await withRedis(broken, async (client) =>
        client.config('SET', 'maxmemory', Math.round((await usedBy(client)) / 0.95)),
      )
      return () =>
        withRedis(broken, async (client) => {
          await client.config('SET', 'maxmemory', 0)
          await empty(client)
        })
    },
  },
  {
    by: 'the Redis of the queues is set to drop keys, and is full',
    wave: 3,
    alerts: ['RedisEvicting'],
    begin: async (broken) => {
      await withRedis(broken, fill)
      await withRedis(broken, async (client) => {
        // What ends soonest is dropped first: the ballast, and no job.
        await client.config('SET', 'maxmemory-policy', 'volatile-ttl')
        await client.config('SET', 'maxmemory', (await usedBy(client)) - 8 * megabyte)
      })
      return () =>
        withRedis(broken, async (client) => {
          await client.config('SET', 'maxmemory', 0)
          await client.config('SET', 'maxmemory-policy', 'noeviction')
          await empty(client)
        })
    },
  },
  {
    by: 'the Redis of the queues comes back without its append-only file',
    wave: 1,
    alerts: ['QueueRedisUnsafe'],
    begin: async (broken) => {
      const set = (appendonly: 'yes' | 'no') =>
        withRedis(broken, async (client) => {
          await client.config('SET', 'appendonly', appendonly)
          // Whoever connects again looks again.
          await client.client('KILL', 'TYPE', 'normal')
        })
      await set('no')
      return () => set('yes')
    },
  },
  {
    by: 'Redis is killed',
    wave: 5,
    alerts: ['RedisDown'],
    async begin({ redis }) {
      redis.kill('SIGKILL')
      return () => redis.restart()
    },
  },
  {
    by: 'the mail server is gone while people register',
    wave: 4,
    alerts: ['DegradedMode', 'BreakerOpen'],
    async begin({ stopMail, startMail, call }) {
      await stopMail()
      const stop = keepOn(() => join(call, 'client'), 1000)
      return async () => {
        await stop()
        await startMail()
      }
    },
  },
  {
    by: 'PostgreSQL is stopped',
    wave: 6,
    alerts: ['DatabaseAway'],
    async begin({ stopDatabase, startDatabase }) {
      await stopDatabase()
      return startDatabase
    },
  },
]
