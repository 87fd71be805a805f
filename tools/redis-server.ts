// A real Redis for tests and load tools. Where setpriv knows --pdeathsig (Linux), it dies with the thread that opened
// it, also at kill -9; elsewhere, and as a container, it stays then. A killed opener leaves its temporary folders.
import { spawn, spawnSync } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import {
  cleanEnvironment,
  folderOf,
  hasPackages,
  onPath,
  runProgram as run,
  succeeds,
  unpackPackages,
} from './debian-packages.ts'

export class RedisUnavailable extends Error {}
export type RedisServer = {
  url: string
  /** Of the server, a new one after each restart; with Docker, of the client that runs the container. */
  readonly pid: number
  kill(signal: NodeJS.Signals): void
  restart(): Promise<void>
  close(): Promise<void>
}
type Say = (line: string) => void
type Settings = Record<string, string>
/** How to run a server: its settings follow as words. With `container`, signals go through Docker. */
type Launch = { command: string[]; env: NodeJS.ProcessEnv; detached: boolean; bind: string; container?: string }
type Program = (dir: string, port: number) => Launch
type Running = { pid: number; signal(name: NodeJS.Signals): unknown; stop(): Promise<void> }

const remedy = 'There is no Redis here: install redis-server or valkey-server, or start Docker'
const image = 'redis:8'

/** `dir` keeps AOF and RDB and is left in place; without it they are in a temporary folder, which `close` removes. */
export async function openRedis(options: { settings?: Settings; dir?: string; say?: Say } = {}): Promise<RedisServer> {
  const { settings = {}, say = (line) => process.stderr.write(`${line}\n`) } = options
  const program = await findProgram(say)
  if (options.dir) fs.mkdirSync(options.dir, { recursive: true })
  const dir = fs.realpathSync(options.dir ?? fs.mkdtempSync(join(tmpdir(), 'seaworthy-redis-')))
  try {
    let [server, port] = await firstStart(program, dir, settings)
    return {
      url: `redis://127.0.0.1:${port}`,
      get pid() {
        return server.pid
      },
      kill: (signal) => void server.signal(signal),
      async restart() {
        await server.stop()
        server = await start(program, dir, port, settings)
      },
      async close() {
        await server.stop()
        if (!options.dir) remove(dir)
      },
    }
  } catch (error) {
    if (!options.dir) remove(dir)
    throw error
  }
}

// Takes a port below those that Linux gives to outgoing connections: of those, a client that keeps connecting to the
// server while it is down gets the server's own one some day, is connected to itself, and the restart finds it taken.
async function firstStart(program: Program, dir: string, settings: Settings, tries = 10): Promise<[Running, number]> {
  const port = Number(settings.port ?? randomInt(20_000, 32_000))
  const server = await start(program, dir, port, settings).catch((error) => {
    if (settings.port || tries === 1 || !/already (in use|allocated)/.test(String(error))) throw error
  })
  return server ? [server, port] : firstStart(program, dir, settings, tries - 1)
}

async function start(program: Program, dir: string, port: number, settings: Settings): Promise<Running> {
  const { command, env, detached, bind, container } = program(dir, port)
  const standard = { bind, save: '', appendonly: 'yes', 'maxmemory-policy': 'noeviction', daemonize: 'no' }
  const chosen = Object.entries({ ...standard, ...settings, port: String(port), dir })
  const [file = '', ...args] = [...command, ...chosen.flatMap(([name, value]) => [`--${name}`, value])]
  const child = spawn(file, args, { env, detached, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close').catch(String)
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  const said: string[] = []
  for (const out of [child.stdout, child.stderr]) out.on('data', (text) => said.splice(0, said.push(`${text}`) - 50))
  const docker = (name: NodeJS.Signals) => spawnSync('docker', ['kill', '--signal', name, `${container}`])
  const signal = (name: NodeJS.Signals) => (container ? docker(name) : child.kill(name))
  // A server halted by SIGSTOP hears no SIGTERM before SIGCONT. The ten seconds are for a last RDB.
  const stop = async () => {
    if (!isOver()) for (const name of ['SIGTERM', 'SIGCONT'] as const) signal(name)
    const late = setTimeout(() => signal('SIGKILL'), 10_000)
    await ended
    clearTimeout(late)
  }
  for (const deadline = Date.now() + 30_000; !isOver() && Date.now() < deadline; await sleep(10)) {
    if ((await folderAt(port)) === dir) return { pid: child.pid ?? 0, signal, stop }
  }
  await stop()
  throw new Error(`Redis does not start: ${said.join('').trim() || (await ended)}`)
}

/** Tells our server from another that was quicker at the same port. Answers when the data is loaded. */
async function folderAt(port: number): Promise<string | undefined> {
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: null, commandTimeout: 2000 })
  client.on('error', () => {})
  const answer = client.connect().then(() => client.config('GET', 'dir') as Promise<string[]>)
  const [, dir] = await answer.catch(() => [])
  client.disconnect()
  return dir
}

// What is unpacked already is asked before Docker: it answers at once, and no container can be left behind.
async function findProgram(say: Say): Promise<Program> {
  if (installed() || fs.existsSync(folderOf('redis')) || !(await dockerServes(say))) return findNative(say)
  return inContainer
}

/** One that is no container: installed, or unpacked from the packages of this system. */
export async function findNative(say: Say): Promise<Program> {
  const program = installed()
  if (program) return native(program)
  const folder = folderOf('redis')
  if (!fs.existsSync(folder)) {
    if (!hasPackages()) throw new RedisUnavailable(remedy)
    await unpackPackages({
      names: ['redis-server', 'redis-tools'],
      folder,
      program: 'usr/bin/redis-server',
      say,
    }).catch((error: Error) => Promise.reject(new RedisUnavailable(`${remedy} (${error.message})`, { cause: error })))
  }
  return native(join(folder, 'usr/bin/redis-server'), folder)
}

const installed = () => onPath('redis-server') ?? onPath('valkey-server')

async function native(server: string, unpacked?: string): Promise<Program> {
  const env = cleanEnvironment(unpacked)
  const bound = ['setpriv', '--pdeathsig', 'KILL', server]
  const follows = await succeeds(run([...bound, '--version'], 5000, env))
  // In a session of its own, Ctrl-C leaves the server for last; only one that dies with us may be let go so far.
  return () => ({ command: follows ? bound : [server], env, detached: follows, bind: '127.0.0.1' })
}

// Not by the entry point of the image, which would run the server as a user who cannot write the folder.
function inContainer(dir: string, port: number): Launch {
  const container = `seaworthy-redis-${randomUUID()}`
  const account = ['--user', `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`, '--volume', `${dir}:${dir}`]
  const options = ['--rm', '--name', container, ...account, '--publish', `127.0.0.1:${port}:${port}`]
  const command = ['docker', 'run', ...options, '--entrypoint', 'redis-server', image, '--protected-mode', 'no']
  return { command, env: process.env, detached: false, bind: '0.0.0.0', container }
}

async function dockerServes(say: Say): Promise<boolean> {
  if (!(await succeeds(run(['docker', 'info'], 5000)))) return false
  if (await succeeds(run(['docker', 'image', 'inspect', image], 5000))) return true
  say(`Docker fetches ${image}, once.`)
  return succeeds(run(['docker', 'pull', '--quiet', image], 180_000))
}

const remove = (path: string) => path && fs.rmSync(path, { recursive: true, force: true, maxRetries: 5 })
