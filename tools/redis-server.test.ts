import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openRedis, type RedisServer, RedisUnavailable } from './redis-server.ts'

const folders = (process.env.PATH ?? '').split(delimiter)
const isHere = (...names: string[]) =>
  names.every((name) => folders.some((folder) => fs.existsSync(join(folder, name))))
const isInstalled = isHere('redis-server') || isHere('valkey-server')
const isLinux = process.platform === 'linux'
/** Whether a server can be had here that is a process of ours, and no container. */
const isNative = isLinux && (isInstalled || isHere('apt-get', 'dpkg'))
const remedy = `${RedisUnavailable.name}: There is no Redis here: install redis-server or valkey-server, or start Docker`
const cleanups: (() => unknown)[] = []
let folder: string

beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'redis-server-')))
  cleanups.push(() => fs.rmSync(folder, { recursive: true }))
  vi.stubEnv('TMPDIR', makeFolder('temporary'))
})

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
  vi.unstubAllEnvs()
})

async function open(options: Parameters<typeof openRedis>[0] = {}): Promise<RedisServer> {
  const server = await openRedis(options)
  cleanups.push(() => server.close())
  return server
}

async function ask({ url }: { url: string }, ...words: [string, ...string[]]): Promise<unknown> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null, commandTimeout: 5000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.call(...words)
  } finally {
    client.disconnect()
  }
}

const answers = (server: { url: string }) =>
  ask(server, 'ping')
    .then(() => true)
    .catch(() => false)
const isAlive = (pid: number) => spawnSync('kill', ['-0', String(pid)]).status === 0
const temporary = () => fs.readdirSync(join(folder, 'temporary'))

function makeFolder(name: string): string {
  const made = join(folder, name)
  fs.mkdirSync(made, { recursive: true })
  return made
}

function write(name: string, script: string) {
  fs.writeFileSync(join(makeFolder('bin'), name), `#!/bin/bash\n${script}\n`, { mode: 0o755 })
}

const nativePath = () => (isInstalled ? process.env.PATH : bareMachine())

/** What a shell says to become a server: the program acts by its name, and may need the libraries beside it. */
async function becomeServer(): Promise<string> {
  vi.stubEnv('PATH', nativePath())
  const { pid } = await open()
  const program = fs.readlinkSync(`/proc/${pid}/exe`)
  const libraries = fs.globSync(`${resolve(program, '../../..')}/usr/lib/*-linux-*`).join(':')
  return `LD_LIBRARY_PATH='${libraries}' exec -a redis-server '${program}'`
}

/** A PATH with what the machine needs to unpack a package and run a server, and neither Redis nor Docker. */
function bareMachine(): string {
  if (fs.existsSync(join(folder, 'programs'))) return join(folder, 'programs')
  const bin = makeFolder('programs')
  for (const name of ['apt-get', 'dpkg', 'dpkg-deb', 'tar', 'rm', 'sh', 'tr', 'setpriv']) {
    const file = folders.map((path) => join(path, name)).find((path) => fs.existsSync(path))
    if (file) fs.symlinkSync(file, join(bin, name))
  }
  return bin
}

/** A checkout of its own, which has nothing unpacked. */
function copyCheckout(): string {
  const tools = makeFolder('checkout/tools')
  for (const file of ['redis-server.ts', 'debian-packages.ts'])
    fs.cpSync(join(import.meta.dirname, file), join(tools, file))
  fs.symlinkSync(resolve(import.meta.dirname, '../node_modules'), join(folder, 'checkout/node_modules'))
  return join(folder, 'checkout/tools/redis-server.ts')
}

/** Another process that opens a server, says where it is, and stays. */
function openElsewhere(module: string, path = process.env.PATH) {
  const script = `
    const { openRedis } = await import(${JSON.stringify(module)})
    const server = await openRedis().catch((error) => {
      console.error(\`\${error.constructor.name}: \${error.message}\`)
      process.exit(1)
    })
    process.on('SIGUSR2', () => server.kill('SIGKILL'))
    process.on('SIGHUP', () => server.restart().then(() => console.log('restarted')))
    process.on('SIGTERM', () => server.close().then(() => process.exit()))
    console.log(server.url)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env: { ...process.env, PATH: path } })
  cleanups.push(() => child.kill('SIGKILL'))
  return child
}

test('a server answers PING, keeps what it is told by default and takes the settings asked for', async () => {
  const server = await open({ settings: { 'maxmemory-policy': 'allkeys-lru', maxmemory: '100mb' } })
  expect(await ask(server, 'ping')).toBe('PONG')
  expect(await ask(server, 'config', 'get', 'save')).toEqual(['save', ''])
  expect(await ask(server, 'config', 'get', 'appendonly')).toEqual(['appendonly', 'yes'])
  expect(await ask(server, 'config', 'get', 'maxmemory*')).toEqual(expect.arrayContaining(['allkeys-lru', '104857600']))
  expect(await ask(await open(), 'config', 'get', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction'])
})

test.runIf(isNative)(
  'valkey-server of PATH serves too, and nothing of the environment but PATH reaches it',
  async () => {
    write('valkey-server', `tr '\\0' '\\n' < /proc/$$/environ > "$0.environment"\n${await becomeServer()} "$@"`)
    vi.stubEnv('PATH', `${makeFolder('bin')}${delimiter}${bareMachine()}`)
    vi.stubEnv('TOKEN_SIGNING_KEY', 'secret')
    expect(await answers(await open())).toBe(true)
    const environment = fs.readFileSync(join(folder, 'bin/valkey-server.environment'), 'utf8')
    expect(environment.match(/^[^=]+/gm)?.sort()).toEqual(['HOME', 'LC_ALL', 'PATH', 'TZ'])
  },
)

test('servers opened at the same time are independent', async () => {
  const servers = await Promise.all([open(), open(), open()])
  expect(new Set(servers.map(({ url }) => url)).size).toBe(3)
  expect(new Set(servers.map(({ pid }) => pid)).size).toBe(3)
  await Promise.all(servers.map((server, at) => ask(server, 'set', 'mine', String(at))))
  expect(await Promise.all(servers.map((server) => ask(server, 'get', 'mine')))).toEqual(['0', '1', '2'])
})

test('a server killed with -9 starts again at the same place, with what it was told', async () => {
  const server = await open()
  const { pid, url } = server
  await ask(server, 'set', 'kept', '7')
  server.kill('SIGKILL')
  await server.restart()
  expect(isAlive(pid)).toBe(false)
  expect(server).toMatchObject({ url, pid: expect.any(Number) })
  expect(server.pid).not.toBe(pid)
  expect(await ask(server, 'get', 'kept')).toBe('7')
})

test('with an append-only file what was written outlives kill -9, close and the next open', async () => {
  const options = { dir: join(folder, 'data'), settings: { appendonly: 'yes', appendfsync: 'always' } }
  const first = await open(options)
  await ask(first, 'set', 'kept', '7')
  first.kill('SIGKILL')
  await first.restart()
  expect(await ask(first, 'get', 'kept')).toBe('7')
  await first.close()
  expect(await ask(await open(options), 'get', 'kept')).toBe('7')
  expect(temporary()).toEqual([])
})

test('close leaves no process and no folder, also of a server that was halted, and may be called twice', async () => {
  const [running, halted] = await Promise.all([open(), open()])
  expect(temporary()).toHaveLength(2)
  halted.kill('SIGSTOP')
  await Promise.all([running.close(), halted.close(), running.close()])
  expect([running.pid, halted.pid].filter(isAlive)).toEqual([])
  expect(await answers(running)).toBe(false)
  expect(temporary()).toEqual([])
})

test('a server that does not start is reported in its own words and leaves nothing', async () => {
  await expect(open({ settings: { maxmemory: 'plenty' } })).rejects.toThrow(/does not start: [\s\S]*maxmemory "plenty"/)
  expect(temporary()).toEqual([])
})

test('another server at the port asked for is not taken for ours', async () => {
  const { port } = new URL((await open()).url)
  await expect(open({ settings: { port } })).rejects.toThrow(/already (in use|allocated)/)
})

test.runIf(isNative && isHere('setpriv'))('a server goes when its opener is killed with -9', async () => {
  const opener = openElsewhere(join(import.meta.dirname, 'redis-server.ts'), nativePath())
  const [url] = await once(opener.stdout, 'data')
  const server = { url: String(url).trim() }
  expect(await answers(server)).toBe(true)
  opener.kill('SIGKILL')
  while (await answers(server)) await sleep(5)
})

test.runIf(isHere('apt-get', 'dpkg'))('without Redis and Docker the package of the system is unpacked', async () => {
  vi.stubEnv('PATH', bareMachine())
  const server = await open()
  expect(await ask(server, 'config', 'get', 'bind')).toEqual(['bind', '127.0.0.1'])
  const unpacked = fs.globSync('*/usr/bin/redis-server', { cwd: resolve(import.meta.dirname, '../.local/redis') })
  expect(unpacked).not.toEqual([])
  if (isLinux) expect(fs.readlinkSync(`/proc/${server.pid}/exe`)).toContain('/.local/redis/')
})

test('a machine that has no way to get a Redis is told what to install, in one line', async () => {
  const child = openElsewhere(copyCheckout(), makeFolder('bin'))
  expect(await text(child.stderr)).toBe(`${remedy}\n`)
})

test('a package that cannot be had is named with the reason in the same line, and leaves nothing', async () => {
  write('apt-get', 'printf "W: first\\nE: Unable to locate package redis-server\\nE: last\\n" >&2; exit 100')
  write('dpkg', 'exit 1')
  const said = (await text(openElsewhere(copyCheckout(), makeFolder('bin')).stderr)).trim().split('\n')
  const reason = 'its package cannot be unpacked: E: Unable to locate package redis-server'
  expect(said).toEqual([expect.stringContaining('is unpacked into'), `${remedy} (${reason})`])
  expect(fs.readdirSync(join(folder, 'checkout/.local/redis'))).toEqual([])
})

// The stand-in runs the server itself: the words for Docker and the signals through it are examined, not the daemon.
test.runIf(isNative)('where Docker serves, a container takes the signals and starts again', async () => {
  write(
    'docker',
    `echo "$*" >> "$0.log"
    if [ "$1" = kill ]; then kill -s "\${3#SIG}" "$(<"$0.$4")"; fi
    if [ "$1" != run ]; then exit; fi
    while [ "$1" != redis:8 ]; do if [ "$1" = --name ]; then name=$2; fi; shift; done
    echo $$ > "$0.$name"
    ${await becomeServer()} "\${@:2}"`,
  )
  const child = openElsewhere(copyCheckout(), `${makeFolder('bin')}${delimiter}${bareMachine()}`)
  const lines = child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })
  const server = { url: String((await lines.next()).value).trim() }
  expect(await ask(server, 'config', 'get', 'bind')).toEqual(['bind', '0.0.0.0'])
  child.kill('SIGUSR2')
  while (await answers(server)) await sleep(5)
  child.kill('SIGHUP')
  await lines.next()
  expect(await answers(server)).toBe(true)
  child.kill('SIGTERM')
  await once(child, 'exit')
  const log = fs.readFileSync(join(folder, 'bin/docker.log'), 'utf8')
  const calls = log.match(/^\w+(?: --signal \w+)?/gm) ?? []
  expect(calls.slice(0, 4)).toEqual(['info', 'image', 'run', 'kill --signal SIGKILL'])
  expect(calls.slice(-3)).toEqual(['run', 'kill --signal SIGTERM', 'kill --signal SIGCONT'])
  const { port } = new URL(server.url)
  expect(log).toContain(`--publish 127.0.0.1:${port}:${port} --entrypoint redis-server redis:8`)
  expect(temporary()).toHaveLength(1)
})
