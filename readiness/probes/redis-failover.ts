// REL-18: the primary of a Redis is lost, and another takes over: by sentinels, and by an address that leads elsewhere all at once.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { openSentinels, type Sentinels } from '../../tools/redis-sentinels.ts'
import { openRedis } from '../../tools/redis-server.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { openWork, secondsSince } from './redis-scene.ts'
import { kill, patientDatabase, together } from './reliability-scene.ts'

/** What a failover lost has to come back before its usual time. */
export const failover = {
  ...patientDatabase,
  OUTBOX_RETRY_MS: '120000',
  REDIS_TIMEOUT_MS: '200',
  WORKER_CONCURRENCY: '1',
}

export async function followsFailover(context: Context): Promise<Evidence> {
  const killed = await bySentinels(context, 'stays-with-the-dead', async (set) => {
    const held = await context.sql.hold('notifications')
    await loseWaiting(context, set)
    set.primary.kill('SIGKILL')
    await held.release()
  })
  const hung = await bySentinels(context, 'stays-with-the-hung', async ({ primary, sentinels }) => {
    // Its machine hangs, with a sentinel: the one that is asked next, since the first was asked at the start.
    sentinels[1]?.child.kill('SIGSTOP')
    primary.kill('SIGSTOP')
  })
  return { killed, hung, demoted: await byAddress(context) }
}

type Lose = (set: Sentinels) => Promise<void>

async function bySentinels(context: Context, reason: string, lose: Lose): Promise<string> {
  const set = await openSentinels({ settings: { appendonly: 'yes' } })
  try {
    const move = async () => {
      await lose(set)
      await set.takenOver()
    }
    const { seen, said } = await work(context, { url: set.url, reason, move })
    const taken = await set.ask(set.replica.url, (redis) => redis.keys('seaworthy:*'))
    for (const part of ['limit', 'events'])
      if (!taken.some((key) => key.startsWith(`seaworthy:${part}:`))) red('not-at-the-new-one', part)
    if (said.includes(set.password)) red('secret-in-log')
    return seen
  } finally {
    await set.close()
  }
}

/** Jobs wait, of which the replica has not heard when the primary ends: what is acknowledged is not yet passed on. */
async function loseWaiting({ until }: Context, { ask, primary, replica }: Sentinels): Promise<void> {
  await until('never-waiting', () => ask(primary.url, async (redis) => (await redis.llen('seaworthy:events:wait')) > 2))
  await ask(replica.url, async (redis) => {
    await redis.config('SET', 'replica-read-only', 'no')
    const jobs = await redis.keys('seaworthy:events:*-*')
    await redis.del(...jobs, 'seaworthy:events:wait', 'seaworthy:events:marker')
  })
}

/** As managed ones do: the address leads to another server, and the old one stays, takes no writes, and ends no connection. */
async function byAddress(context: Context): Promise<string> {
  await using parts = new AsyncDisposableStack()
  const [old, next] = await Promise.all([openRedis(), openRedis()])
  for (const server of [old, next]) parts.defer(() => server.close())
  const clients = [old, next].map(({ url }) => new Redis(url))
  for (const client of clients) parts.defer(async () => client.disconnect())
  const [oldClient, nextClient] = clients as [Redis, Redis]
  const door = await openDoor(portOf(old))
  parts.defer(door.close)
  const move = async () => {
    await nextClient.replicaof('127.0.0.1', portOf(old))
    await context.until('never-follows', async () => (await nextClient.info('replication')).includes('_status:up'))
    door.lead(portOf(next))
    await nextClient.replicaof('NO', 'ONE')
    await oldClient.replicaof('127.0.0.1', portOf(next))
  }
  const url = `redis://127.0.0.1:${door.port}`
  return (await work(context, { url, reason: 'stays-with-the-replica', move })).seen
}

type Failover = { url: string; reason: string; move: () => Promise<void> }

/** An API and a worker of that Redis go on under light load, and nothing is lost or doubled. */
async function work(context: Context, { url, reason, move }: Failover): Promise<{ seen: string; said: string }> {
  const { apiAt, startApi, startWorker, until } = context
  const doors = await together(startApi({ REDIS_URL: url }), startWorker({ REDIS_URL: url }))
  try {
    const people = await openWork(context, apiAt(doors[0].url))
    await people.canary('never-done')
    const load = people.goOn()
    try {
      await move()
      const moved = performance.now()
      const canary = await people.canary(reason)
      for (const door of doors)
        await until('still-degraded', async () =>
          (await apiAt(door.url).anonymous('GET', '/health/ready')).text.includes('"status":"ready"'),
        )
      const ready = secondsSince(moved)
      await load.stop()
      const all = await people.allToldOnce(moved)
      const seen = `${people.turns()} turns; after the failover the canary took ${canary} s, ready after ${ready} s, all told after ${all} s`
      return { seen, said: doors.map((door) => door.said()).join('\n') }
    } finally {
      await load.stop().catch(() => {})
    }
  } finally {
    await together(...doors.map(kill))
  }
}

/** A port that leads where it is told; connections that there are stay where they are. */
async function openDoor(to: number) {
  const sockets = new Set<Socket>()
  let target = to
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {}).once('close', () => sockets.delete(socket))
    }
    near.pipe(far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    lead: (port: number) => {
      target = port
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

const portOf = ({ url }: { url: string }) => Number(new URL(url).port)
