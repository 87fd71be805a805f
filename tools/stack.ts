// The service as processes of their own over real parts, each of which can be killed and comes back: for chaos and its tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { openMailCatcher } from './mail-catcher.ts'
import { openRedis } from './redis-server.ts'

const root = resolve(import.meta.dirname, '..')

export type Stack = Awaited<ReturnType<typeof openStack>>
type Options = { appUrl: string; env: Record<string, string>; workers?: number }

/** Starts Redis (AOF on), a mail catcher, one API and `workers` workers on a migrated database. `env` is the rest of the environment. */
export async function openStack({ appUrl, env, workers = 1 }: Options) {
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-stack-'))
  const redis = await openRedis({
    dir: join(folder, 'redis'),
    settings: { appendonly: 'yes', appendfsync: 'everysec' },
  })
  const mail = await openMailCatcher()
  const [apiPort, ...healthPorts] = await freePorts(workers + 1)
  const settings = { ...env, DATABASE_URL: appUrl, REDIS_URL: redis.url, SMTP_URL: mail.smtpUrl, PORT: String(apiPort) }
  const api = keep('src/server.ts', settings, /Server listening/)
  const kept = healthPorts.map((port) =>
    keep('src/worker.ts', { ...settings, WORKER_HEALTH_PORT: String(port) }, /working on jobs/),
  )
  await Promise.all([api, ...kept].map((child) => child.ready()))

  return {
    url: `http://127.0.0.1:${apiPort}`,
    /** The environment of each process. */
    settings,
    redis,
    mail,
    api,
    workers: kept,
    async close() {
      await Promise.all([api, ...kept].map((child) => child.stop()))
      await Promise.all([redis.close(), mail.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A process that is started again whenever it ends, until it is stopped. */
function keep(file: string, env: Record<string, string>, readyLine: RegExp) {
  const said: string[] = []
  let stopped = false
  let child: ChildProcess
  let up: Promise<void>
  start()

  return { ready: () => up, said: () => said.join('\n'), kill, stop }

  function start() {
    child = spawn(process.execPath, [join(root, file)], {
      cwd: root,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    up = new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        if (!stream) continue
        createInterface(stream).on('line', (line) => {
          said.push(line)
          if (said.length > 5000) said.shift()
          if (readyLine.test(line)) resolve()
        })
      }
    })
    child.once('exit', () => {
      if (!stopped) start()
    })
  }

  /** Kills it where it stands; it starts again at once. */
  function kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    child.kill(signal)
  }

  /** Lets it finish what it does. Answers its exit code, null when it had to be killed. */
  async function stop(): Promise<number | null> {
    stopped = true
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : [child.exitCode]
    child.kill('SIGTERM')
    const [code] = await ended
    return code as number | null
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
