// A primary of Redis, a replica, and three sentinels that let it take over: each a process of its own on this machine. All want passwords.
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startProcess } from './process.ts'
import { findNative, openRedis } from './redis-server.ts'
import { freePorts } from './stack.ts'

export type Sentinels = Awaited<ReturnType<typeof openSentinels>>
type Options = { settings?: Record<string, string>; downAfter?: number }

/** Milliseconds until all of them know each other: they tell each other every two seconds. */
const patience = 30_000
const name = 'mymaster'

/** `settings` are those of both servers; `downAfter` is after how many milliseconds of silence a primary is given up. */
export async function openSentinels({ settings = {}, downAfter = 1000 }: Options = {}) {
  // Those in containers would not find each other. Once it is here, the servers are of it, too.
  const program = await findNative((line) => process.stderr.write(`${line}\n`))
  const parts = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-sentinels-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const [password, sentinelPassword] = [secret(), secret()]
  try {
    const [primary, replica] = await Promise.all(['a', 'b'].map(openServer))
    if (!primary || !replica) throw new Error('There is no server')
    await ask(replica.url, (redis) => redis.replicaof('127.0.0.1', portOf(primary.url)))
    await become(replica.url, 'replication', /^master_link_status:up/m)
    const ports = await freePorts(3)
    const sentinels = await Promise.all(ports.map((port) => startSentinel(port, portOf(primary.url))))
    await Promise.all(ports.map(knowsAll))
    const places = ports.map((port) => `127.0.0.1:${port}`).join(',')
    return {
      url: `redis-sentinel://:${password}@${name}/0?sentinels=${places}&sentinelPassword=${sentinelPassword}`,
      password,
      ...{ primary, replica, sentinels },
      /** Waits until the replica is the primary. */
      takenOver: () => become(replica.url, 'replication', /^role:master/m),
      /** One of the servers, as an address of its own. */
      directly: ({ url }: { url: string }) => url.replace('redis://', `redis://:${password}@`),
      ask,
      close: () => parts.disposeAsync(),
    }
  } catch (error) {
    await parts.disposeAsync()
    throw error
  }

  async function openServer(part: string) {
    const server = await openRedis({ dir: join(folder, part), settings })
    parts.defer(async () => {
      server.kill('SIGKILL')
      await server.close()
    })
    const client = new Redis(server.url)
    await client.config('SET', 'masterauth', password)
    await client.config('SET', 'requirepass', password)
    client.disconnect()
    return server
  }

  async function startSentinel(port: number, primary: number) {
    const { command, env } = program(folder, port)
    const file = join(folder, `sentinel-${port}`, 'sentinel.conf')
    mkdirSync(join(file, '..'))
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${join(file, '..')}`,
      `requirepass ${sentinelPassword}`,
      `sentinel sentinel-pass ${sentinelPassword}`,
      `sentinel monitor ${name} 127.0.0.1 ${primary} 2`,
      `sentinel auth-pass ${name} ${password}`,
      `sentinel down-after-milliseconds ${name} ${downAfter}`,
      `sentinel failover-timeout ${name} 10000`,
    ]
    writeFileSync(file, `${lines.join('\n')}\n`)
    const [first = '', ...args] = [...command, file, '--sentinel']
    const running = startProcess(args, { program: first, env, cwd: folder })
    parts.defer(async () => {
      running.child.kill('SIGKILL')
      await running.ended
    })
    await running.until(/\+monitor/)
    return running
  }

  async function knowsAll(port: number): Promise<void> {
    const sentinel = new Redis(port, '127.0.0.1', { password: sentinelPassword })
    try {
      await until(async () => {
        const told = (await sentinel.call('SENTINEL', 'MASTER', name)) as string[]
        const field = (key: string) => told[told.indexOf(key) + 1]
        return field('num-slaves') === '1' && field('num-other-sentinels') === '2'
      })
    } finally {
      sentinel.disconnect()
    }
  }

  function become(url: string, section: string, pattern: RegExp): Promise<void> {
    return ask(url, (redis) => until(async () => pattern.test(await redis.info(section))))
  }

  async function ask<T>(url: string, question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(url, { password, maxRetriesPerRequest: null })
    redis.on('error', () => {})
    try {
      return await question(redis)
    } finally {
      redis.disconnect()
    }
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patience
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`The servers did not agree within ${patience} ms`)
    await delay(50)
  }
}

const secret = () => randomBytes(24).toString('hex')
const portOf = (url: string) => Number(new URL(url).port)
