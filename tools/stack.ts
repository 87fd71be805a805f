// The service as processes of their own over real parts, each of which can be killed and comes back: for chaos and its tests.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { makeSecrets } from './development-secrets.ts'
import { openMailCatcher } from './mail-catcher.ts'
import { openPaymentSandbox } from './payment-sandbox.ts'
import { startProcess } from './process.ts'
import { openRedis } from './redis-server.ts'

const root = resolve(import.meta.dirname, '..')

/** Limits that a load run or a test suite does not meet: the limiter runs, and its cost counts. */
export const manyCalls = parseEnv(readFileSync(join(root, 'config/load.env'), 'utf8')) as Record<string, string>

/** What every process of a run has in its environment, with secrets of its own. */
export function usualSettings(): Record<string, string> {
  const { ownerPassword: _, appPassword: __, ...secrets } = makeSecrets()
  return {
    NODE_ENV: 'test',
    PUBLIC_URL: 'http://127.0.0.1:8080',
    SECURITY_CONTACT: 'mailto:security@example.com',
    MAIL_FROM: 'seaworthy@example.com',
    LOG_LEVEL: 'info',
    TOKEN_LIFETIME_MS: '3600000',
    ...secrets,
  }
}

export type Stack = Awaited<ReturnType<typeof openStack>>
type Options = {
  appUrl: string
  env: Record<string, string>
  workers?: number
  apis?: number
  /** What the second API has in its environment besides. */
  ofSecond?: Record<string, string>
  /** The way to Redis that all processes take, given the direct one. */
  wayToRedis?: (url: string) => Promise<string>
}

/** Starts Redis (AOF on), a mail catcher, a payment sandbox, `apis` replicas of the API and `workers` workers on a migrated database. `env` is the rest of the environment. */
export async function openStack({ appUrl, env, workers = 1, apis = 1, ofSecond = {}, wayToRedis }: Options) {
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-stack-'))
  const redis = await openRedis({
    dir: join(folder, 'redis'),
    settings: { appendonly: 'yes', appendfsync: 'everysec' },
  })
  const mail = await openMailCatcher()
  const ports = await freePorts(apis + workers)
  const [apiPorts, healthPorts] = [ports.slice(0, apis), ports.slice(apis)]
  const url = `http://127.0.0.1:${apiPorts[0]}`
  const payments = await openPaymentSandbox({
    file: join(folder, 'payments.jsonl'),
    webhook: {
      url: `${url}/v1/webhooks/payments`,
      ...(env.PAYMENTS_WEBHOOK_SECRETS && { secret: env.PAYMENTS_WEBHOOK_SECRETS }),
    },
  })
  const settings = {
    ...manyCalls,
    METRICS_PORT: '0',
    // What was compiled is written when a process ends by itself, and spares the next one a third of the work until it listens.
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    ...env,
    DATABASE_URL: appUrl,
    REDIS_URL: (await wayToRedis?.(redis.url)) ?? redis.url,
    SMTP_URL: mail.smtpUrl,
    PAYMENTS_URL: payments.url,
    PORT: String(apiPorts[0]),
  }
  const replicas = apiPorts.map((port, at) => ({
    ...keep('src/server.ts', { ...settings, PORT: String(port), ...(at === 1 && ofSecond) }, /Server listening/),
    host: `127.0.0.1:${port}`,
  }))
  const api = replicas[0] as (typeof replicas)[number]
  const kept = healthPorts.map((port) =>
    keep('src/worker.ts', { ...settings, WORKER_HEALTH_PORT: String(port) }, /working on jobs/),
  )
  await Promise.all([...replicas, ...kept].map((child) => child.ready()))

  return {
    url,
    /** The environment of each process. */
    settings,
    redis,
    mail,
    payments,
    /** The first replica, where webhooks go, and all of them. */
    ...{ api, replicas },
    workers: kept,
    async close() {
      await Promise.all([...replicas, ...kept].map((child) => child.stop()))
      await Promise.all([redis.close(), mail.close(), payments.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A process that is started again whenever it ends, until it is stopped. */
function keep(file: string, env: Record<string, string>, readyLine: RegExp) {
  const said: string[] = []
  let stopped = false
  let current = start()
  let up = current.until(readyLine)
  watch()

  return {
    pid: () => Number(current.child.pid),
    ready: () => up,
    said: () => [...said, current.said()].join('\n'),
    kill,
    restart,
    stop,
  }

  function start() {
    return startProcess([join(root, file)], { cwd: root, env })
  }

  function watch() {
    // Killed before it was ready: whoever waits does so for the next one.
    up.catch(() => {})
    void current.ended.then(() => {
      if (stopped) return
      said.push(current.said())
      current = start()
      up = current.until(readyLine)
      watch()
    })
  }

  /** Kills it where it stands; it starts again at once. */
  function kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    current.child.kill(signal)
  }

  /** Ends it so, and waits until the next one is ready. Answers how the old one ended. */
  async function restart(signal: NodeJS.Signals): Promise<number | string | null> {
    const old = current
    old.child.kill(signal)
    const { code, signal: by } = await old.ended
    // The next one starts when the same end is told to `watch`, which listened before.
    await up
    return code ?? by
  }

  /** Lets it finish what it does. Answers its exit code, null when it had to be killed. */
  async function stop(): Promise<number | null> {
    stopped = true
    current.child.kill('SIGTERM')
    return (await current.ended).code
  }
}

/**
 * Ports that were free a moment ago: below those that Linux gives to outgoing connections. Of those, one that a process leaves for the
 * time of a restart could be taken by a client, or by a balancer that asks for it, and is connected to itself then.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const server = createServer().listen(randomInt(20_000, 32_000), '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    ports.add((server.address() as { port: number }).port)
    await new Promise((resolve) => server.close(resolve))
  }
  return [...ports]
}
