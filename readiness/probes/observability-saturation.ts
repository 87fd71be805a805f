// OBS-09: what each process, and what it stands on, has left: each has a sample, and moves when it is made to.
import { statfs } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { type Sample, samplesNamed, samplesOf, sumOf } from './observability-samples.ts'

const poolMax = 4
/** A small pool, and enough time to see who waits for it. */
export const smallPool = {
  DATABASE_POOL_MAX: String(poolMax),
  DATABASE_LOCK_TIMEOUT_MS: '20000',
  DATABASE_STATEMENT_TIMEOUT_MS: '20000',
}

type Wanted = [name: string, labels?: Record<string, string>]
const ofEach: Wanted[] = [
  ['process_cpu_seconds_total'],
  ['process_resident_memory_bytes'],
  ['nodejs_heap_size_used_bytes'],
  ['nodejs_heap_size_total_bytes'],
  ['nodejs_eventloop_lag_seconds'],
  ['nodejs_eventloop_lag_p99_seconds'],
  ['nodejs_eventloop_utilization_ratio'],
  ['nodejs_gc_duration_seconds_count'],
  ['process_open_fds'],
  ['seaworthy_db_pool_connections', { state: 'in_use' }],
  ['seaworthy_db_pool_connections', { state: 'idle' }],
  ['seaworthy_db_pool_waiting'],
  ['seaworthy_db_pool_max_connections'],
  ['seaworthy_disk_free_bytes'],
  ['seaworthy_disk_size_bytes'],
]
const ofApis: Wanted[] = [['seaworthy_requests_in_progress'], ['seaworthy_requests_waiting']]
const ofWorkers: Wanted[] = [
  ['seaworthy_redis_memory_used_bytes'],
  ['seaworthy_redis_memory_max_bytes'],
  ['seaworthy_redis_clients'],
  ['seaworthy_redis_evicted_keys'],
  ['seaworthy_queue_jobs', { queue: 'events', state: 'waiting' }],
  ['seaworthy_queue_jobs', { queue: 'mail', state: 'waiting' }],
  ['seaworthy_queue_oldest_waiting_seconds', { queue: 'mail' }],
  ['seaworthy_queue_workers', { queue: 'mail' }],
  ['seaworthy_outbox_waiting'],
  ['seaworthy_outbox_oldest_seconds'],
  ['seaworthy_dead_letters'],
  ['seaworthy_db_oldest_transaction_seconds'],
  ['seaworthy_db_size_bytes'],
]

export async function saturationIsSeen(context: Context): Promise<Evidence> {
  const { server, workers } = context
  await haveSamples(context, server, [...ofEach, ...ofApis])
  for (const worker of workers) await haveSamples(context, worker, [...ofEach, ...ofWorkers])
  const stores = await redisMoves(context)
  const loop = await processMoves(context)
  return {
    samplesOfAnApi: ofEach.length + ofApis.length,
    samplesOfAWorker: ofEach.length + ofWorkers.length,
    ...(await poolMoves(context)),
    ...loop,
    stores,
    oldestTransaction: await transactionAges(context),
    diskFreeGB: await diskIsTrue(context),
  }
}

/** GC is only counted once there was some. */
async function haveSamples(context: Context, door: Door, wanted: Wanted[]): Promise<void> {
  const lacking = async () => missing(await samplesOf(context, door), wanted)
  await context
    .until('missing-sample', async () => (await lacking()).length === 0, { within: 4000 })
    .catch(async (error: Error) => {
      throw Object.assign(error, { message: `${error.message}: ${await lacking()}` })
    })
}

/** Those without a sample, or with one that is no number. */
function missing(samples: readonly Sample[], wanted: readonly Wanted[]): string[] {
  const has = ([name, labels]: Wanted) => {
    const found = samplesNamed(samples, name, labels)
    return found.length > 0 && found.every(({ value }) => Number.isFinite(value) && value >= 0)
  }
  return wanted.filter((each) => !has(each)).map(([name, labels]) => `${name}${labels ? JSON.stringify(labels) : ''}`)
}

/** Every connection stands still at one table, and two more callers want one. */
async function poolMoves(context: Context) {
  const { api, sql, until, server } = context
  const { call } = await api.as('client')
  const pool = async () => {
    const samples = await samplesOf(context, server)
    const of = (state: string) => sumOf(samples, 'seaworthy_db_pool_connections', { state })
    const max = sumOf(samples, 'seaworthy_db_pool_max_connections')
    return { inUse: of('in_use'), idle: of('idle'), waiting: sumOf(samples, 'seaworthy_db_pool_waiting'), max }
  }
  const held = await sql.hold('users')
  // Where this turns red, they are cut off with the stack.
  const calls = Promise.allSettled(Array.from({ length: poolMax + 2 }, () => call('GET', '/v1/me')))
  const isFull = ({ inUse, waiting, max }: Awaited<ReturnType<typeof pool>>) =>
    inUse === poolMax && waiting >= 2 && max === poolMax
  const full = await until('pool-does-not-move', async () => {
    const now = await pool()
    return isFull(now) && now
  })
  await held.release()
  await calls
  const isFree = async () => {
    const { inUse, idle, waiting } = await pool()
    return inUse === 0 && waiting === 0 && idle > 0
  }
  await until('pool-stays', isFree)
  return { poolInUse: full.inUse, poolWaiting: full.waiting }
}

/** CPU, event loop and GC under calls, and the delay of a process that stood still for a moment. */
async function processMoves(context: Context) {
  const { api, load, until, server } = context
  const look = async () => {
    const samples = await samplesOf(context, server)
    const of = (name: string) => sumOf(samples, name)
    return {
      cpu: of('process_cpu_seconds_total'),
      busy: of('nodejs_eventloop_utilization_ratio'),
      gc: of('nodejs_gc_duration_seconds_count'),
      late: of('nodejs_eventloop_lag_max_seconds'),
    }
  }
  await look()
  await delay(400)
  const calm = await look()
  const calls = load(() => api.anonymous('GET', '/openapi.json'), 8)
  try {
    await until('cpu-does-not-move', async () => (await look()).cpu > calm.cpu + 0.05)
    await until('event-loop-does-not-move', async () => {
      await delay(200)
      return (await look()).busy > Math.min(0.9, calm.busy + 0.1)
    })
    await until('gc-does-not-move', async () => (await look()).gc > calm.gc)
  } finally {
    await calls.stop()
  }
  await until('delay-does-not-move', async () => {
    await look()
    server.child.kill('SIGSTOP')
    await delay(300)
    server.child.kill('SIGCONT')
    return (await look()).late > 0.2
  })
  return { utilisationWhenCalm: Math.round(calm.busy * 100) / 100 }
}

async function redisMoves(context: Context): Promise<string[]> {
  const { redis, until, workers } = context
  const of = async (name: string) => samplesNamed(await samplesOf(context, ...workers), `seaworthy_redis_${name}`)
  const [memory, clients] = [await of('memory_used_bytes'), await of('clients')]
  await using opened = new AsyncDisposableStack()
  const mine = Array.from({ length: 5 }, () => opened.adopt(new Redis(redis.url), (client) => client.disconnect()))
  const key = 'a probe of saturation'
  await Promise.all(mine.map((client) => client.ping()))
  await mine[0]?.set(key, Buffer.alloc(8_000_000))
  const grew = async (name: string, before: readonly Sample[], by: number) => {
    const now = await of(name)
    return (
      before.length > 0 &&
      before.every(({ series, value }) => now.some((other) => other.series === series && other.value >= value + by))
    )
  }
  await until('redis-does-not-move', () => grew('memory_used_bytes', memory, 6_000_000), { within: 4000 })
  await until('redis-does-not-move', () => grew('clients', clients, 4), { within: 4000 })
  await mine[0]?.del(key)
  return memory.map(({ labels }) => labels.store ?? '')
}

/** One that the service's own login has open: of others it may not know. */
async function transactionAges(context: Context): Promise<string> {
  const { sql, until, workers } = context
  const session = await sql.session('app')
  await session.query('BEGIN')
  await session.query('SELECT 1')
  const age = async () => sumOf(await samplesOf(context, ...workers), 'seaworthy_db_oldest_transaction_seconds')
  const seen = await until('transaction-not-seen', async () => {
    const now = await age()
    return now > 0.5 && now
  })
  await session.query('ROLLBACK')
  return `${seen.toFixed(1)} s`
}

/** Against what the system says of the disk that the processes work on; others write to it meanwhile. */
async function diskIsTrue(context: Context): Promise<number> {
  const { tree, server } = context
  const samples = await samplesOf(context, server)
  const { bsize, bavail, blocks } = await statfs(tree)
  const [free, size] = [sumOf(samples, 'seaworthy_disk_free_bytes'), sumOf(samples, 'seaworthy_disk_size_bytes')]
  if (size !== bsize * blocks || Math.abs(free - bsize * bavail) > 2e9) red('disk-wrong', `${free} of ${size} free`)
  return Math.round(free / 1e9)
}
