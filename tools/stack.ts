// The service as processes of their own over real parts, each of which can be killed and comes back: for chaos and its tests.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { openMailCatcher } from './mail-catcher.ts'
import { openPaymentSandbox } from './payment-sandbox.ts'
import { startProcess } from './process.ts'
import { openRedis } from './redis-server.ts'

const root = resolve(import.meta.dirname, '..')

/** Limits that a load run or a test suite does not meet: the limiter runs, and its cost counts. */
export const manyCalls = parseEnv(readFileSync(join(root, 'config/load.env'), 'utf8')) as Record<string, string>

export type Stack = Awaited<ReturnType<typeof openStack>>
type Options = { appUrl: string; env: Record<string, string>; workers?: number }

/** Starts Redis (AOF on), a mail catcher, a payment sandbox, one API and `workers` workers on a migrated database. `env` is the rest of the environment. */
export async function openStack({ appUrl, env, workers = 1 }: Options) {
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-stack-'))
  const redis = await openRedis({
    dir: join(folder, 'redis'),
    settings: { appendonly: 'yes', appendfsync: 'everysec' },
  })
  const mail = await openMailCatcher()
  const [apiPort, ...healthPorts] = await freePorts(workers + 1)
  const url = `http://127.0.0.1:${apiPort}`
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
    ...env,
    DATABASE_URL: appUrl,
    REDIS_URL: redis.url,
    SMTP_URL: mail.smtpUrl,
    PAYMENTS_URL: payments.url,
    PORT: String(apiPort),
  }
  const api = keep('src/server.ts', settings, /Server listening/)
  const kept = healthPorts.map((port) =>
    keep('src/worker.ts', { ...settings, WORKER_HEALTH_PORT: String(port) }, /working on jobs/),
  )
  await Promise.all([api, ...kept].map((child) => child.ready()))

  return {
    url,
    /** The environment of each process. */
    settings,
    redis,
    mail,
    payments,
    api,
    workers: kept,
    async close() {
      await Promise.all([api, ...kept].map((child) => child.stop()))
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

  return { ready: () => up, said: () => [...said, current.said()].join('\n'), kill, stop }

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

  /** Lets it finish what it does. Answers its exit code, null when it had to be killed. */
  async function stop(): Promise<number | null> {
    stopped = true
    current.child.kill('SIGTERM')
    return (await current.ended).code
  }
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
