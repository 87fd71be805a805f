// QUE-06: which Redis a worker takes for its queues, when it starts and when a connection leads to another one later.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { openRedis, type RedisServer } from '../../tools/redis-server.ts'
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { areApart, end, openMasked } from './queue-redis-scene.ts'

const evicting = { 'maxmemory-policy': 'allkeys-lru' }
const forgetful = { appendonly: 'no' }

export async function takesOnlyWhatKeepsJobs(context: Context): Promise<Evidence> {
  await using parts = new AsyncDisposableStack()
  const open = async (settings: Record<string, string>) =>
    parts.adopt(await openRedis({ settings }), (one) => one.close())
  const masked = async ({ url }: RedisServer, mask: (said: string) => string) =>
    parts.adopt(await openMasked(url, mask), (one) => one.close()).url
  const [good, bad, empty] = [context.redis, await open(evicting), await open(forgetful)]
  await isRefused(context, bad.url, 'started-with-eviction', 'set maxmemory-policy noeviction')
  await isRefused(context, empty.url, 'started-without-aof', 'set appendonly yes')
  const old = await masked(good, (said) => said.replace(/redis_version:\d/, 'redis_version:5'))
  await isRefused(context, old, 'started-with-an-old-one', 'run Redis 6.2 or later')
  const hiding = (said: string) => said.replace(/maxmemory_policy|aof_enabled/g, (word) => word.toUpperCase())
  await isRefused(context, await masked(bad, hiding), 'config-not-asked', 'set maxmemory-policy noeviction')
  await asProductionIsSet(context, open)
  await canNotBeSeen(context, await masked(good, hiding), good)
  const accepted = await isAccepted(context, bad.url)
  const again = await isLookedAtAgain(context, good)
  return { refused: 'eviction, no AOF, an old version', accepted, ...again, ...(await areApart(context, good)) }
}

/** A worker of that Redis ends with 1, and says what has to be set. */
async function isRefused({ finish }: Context, url: string, reason: string, remedy: string): Promise<void> {
  const { code, said } = await finish(['src/worker.ts'], { REDIS_URL: url, WORKER_HEALTH_PORT: '0' }, 15_000)
  if (code !== 1) red(reason, `${code}: ${said.slice(-300)}`)
  if (!said.includes(remedy) || !said.includes('QUEUE_REDIS_CHECK=warn')) red('remedy-not-named', said.slice(-300))
}

/** The settings that production gives to the Redis of its queues, less what is of its containers. */
async function asProductionIsSet(context: Context, open: (settings: Record<string, string>) => Promise<RedisServer>) {
  const text = readFileSync(join(context.tree, 'stores/redis/queues.conf'), 'utf8')
  const lines = text.split('\n').filter((line) => /^\w/.test(line) && !line.startsWith('include'))
  const settings = Object.fromEntries(lines.map((line) => line.split(/ (.*)/).map((word) => word.replaceAll('"', ''))))
  const { url } = await open(settings)
  const worker = await context
    .startWorker({ REDIS_URL: url })
    .catch((error) => red('production-refused', (error as Error).message.slice(-300)))
  await end(worker)
}

/** A managed Redis that keeps to itself how it is set, and refuses CONFIG: it is taken, with a warning and a gauge. */
async function canNotBeSeen(context: Context, url: string, { url: direct }: RedisServer): Promise<void> {
  const client = new Redis(direct)
  await client.call('ACL', 'SETUSER', 'managed', 'on', '>managed', '~*', '&*', '+@all', '-config')
  client.disconnect()
  const worker = await context
    .startWorker({ REDIS_URL: url.replace('//', '//managed:managed@') })
    .catch((error) => red('unseen-refused', (error as Error).message.slice(-300)))
  const warned = worker.lines().find(({ msg }) => String(msg).includes('does not say how it is set'))
  if (String(warned?.unseen) !== 'eviction,persistence') red('unseen-not-told', String(warned?.unseen))
  const gauges = await gaugesOf(context, worker, 'unchecked')
  if (gauges !== 'eviction 1, persistence 1, version 0') red('no-gauge', gauges)
  await end(worker)
}

/** An operator has said that it may be so. */
async function isAccepted(context: Context, url: string): Promise<string> {
  const worker = await context
    .startWorker({ REDIS_URL: url, QUEUE_REDIS_CHECK: 'warn' })
    .catch((error) => red('acceptance-ignored', (error as Error).message.slice(-300)))
  const told = worker.lines().find(({ level, msg }) => level === 'error' && String(msg).includes('can lose jobs'))
  if (!told) red('not-told')
  const gauges = await gaugesOf(context, worker, 'unsafe')
  if (gauges !== 'eviction 1, persistence 0, version 0') red('no-gauge', gauges)
  await end(worker)
  return gauges
}

/** After a reconnect it is set otherwise, as after a failover: that is told, and ends nothing. */
async function isLookedAtAgain(context: Context, { url }: RedisServer) {
  const worker = await context.startWorker()
  const client = new Redis(url)
  const change = async (policy: string) => {
    await client.config('SET', 'maxmemory-policy', policy)
    await client.client('KILL', 'TYPE', 'normal')
  }
  try {
    const before = await gaugesOf(context, worker, 'unsafe')
    if (before !== 'eviction 0, persistence 0, version 0') red('good-one-unsafe', before)
    await change('volatile-lru')
    const is = (wanted: string) => async () => (await gaugesOf(context, worker, 'unsafe')).includes(wanted)
    await context.until('not-looked-at-again', is('eviction 1'))
    const told = () =>
      worker.lines().some(({ level, msg }) => level === 'error' && String(msg).includes('can lose jobs'))
    await context.until('not-told-again', told)
    if (worker.child.exitCode !== null) red('ended')
    await change('noeviction')
    await context.until('stays-unsafe', is('eviction 0'))
    return { afterReconnect: 'told, and over when it was mended' }
  } finally {
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    client.disconnect()
    await end(worker)
  }
}

async function gaugesOf({ apiAt }: Context, { url }: Door, gauge: string): Promise<string> {
  const { text } = await apiAt(url).anonymous('GET', '/metrics')
  const found = text.matchAll(new RegExp(`^seaworthy_queue_redis_${gauge}\\{setting="(\\w+)"\\} (\\d)`, 'gm'))
  return [...found]
    .map(([, setting, value]) => `${setting} ${value}`)
    .sort()
    .join(', ')
}
