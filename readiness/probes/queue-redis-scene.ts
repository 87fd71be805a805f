// A Redis that says less than it knows, and what stands in each of three.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { red } from '../control.ts'
import { openJob, together } from './reliability-scene.ts'

/** A way to a server on which its answers are masked: each is as long as it was. */
export async function openMasked(url: string, mask: (said: string) => string) {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(new URL(url).port), '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {}).once('close', () => sockets.delete(socket))
    }
    near.pipe(far)
    far.on('data', (said) => near.write(Buffer.from(mask(said.toString('latin1')), 'latin1')))
    far.once('end', () => near.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

export async function end({ child, ended }: Pick<Door, 'child' | 'ended'>): Promise<void> {
  child.kill('SIGKILL')
  await ended
}

/** Queues, limits and cache are each where their own address says, and under the prefix. */
export async function areApart(context: Context, { url }: { url: string }) {
  const [limits, cache] = [`${url}/5`, `${url}/6`]
  const env = { LIMITS_REDIS_URL: limits, CACHE_REDIS_URL: cache, REDIS_PREFIX: 'apart' }
  const [door, worker] = await together(context.startApi(env), context.startWorker(env))
  const api = context.apiAt(door.url)
  await openJob({ api })
  await api.anonymous('GET', '/v1/jobs')
  const found = await Promise.all([url, limits, cache].map(kindsIn))
  await together(end(door), end(worker))
  const [inQueues = [], inLimits = [], inCache = []] = found
  const all = JSON.stringify({ inQueues, inLimits, inCache })
  if (!inLimits.includes('limit') || inQueues.includes('limit')) red('limits-not-apart', all)
  if (!inCache.includes('cache') || inQueues.includes('cache')) red('cache-not-apart', all)
  if (!inQueues.includes('schedules') || inLimits.includes('schedules')) red('queues-not-apart', all)
  return { queues: inQueues, limits: inLimits, cache: inCache }
}

/** What stands between the prefix and the next colon, of each key. */
async function kindsIn(url: string): Promise<string[]> {
  const redis = new Redis(url)
  try {
    // Those of the stack's own processes are there, too.
    const keys = (await redis.keys('*')).filter((key) => !key.startsWith('seaworthy:'))
    const stranger = keys.find((key) => !key.startsWith('apart:'))
    if (stranger) red('no-prefix', stranger.slice(0, 60))
    return [...new Set(keys.map((key) => key.split(':')[1] ?? ''))].sort()
  } finally {
    redis.disconnect()
  }
}
