import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EmbeddedPostgres, EmbeddedPostgresError, openEmbeddedPostgres } from './embedded-postgres.ts'

const isRoot = process.getuid?.() === 0
const settings = { fsync: 'off' }
const cleanups: (() => unknown)[] = []
let dataDir: string

beforeEach(() => {
  const folder = fs.mkdtempSync(join(tmpdir(), 'embedded-postgres-'))
  fs.chmodSync(folder, 0o755)
  dataDir = join(folder, '.local/postgres')
  cleanups.push(() => fs.rmSync(folder, { recursive: true }))
})

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

async function open(options: Partial<Parameters<typeof openEmbeddedPostgres>[0]> = {}): Promise<EmbeddedPostgres> {
  const server = await openEmbeddedPostgres({ dataDir, settings, ...options })
  cleanups.push(async () => {
    await server.stop()
    // The copied binaries beside it stay: they are shared, and another process may be running them.
    if (server.dataDir !== dataDir) fs.rmSync(dirname(server.dataDir), { recursive: true, force: true })
  })
  return server
}

async function ask(server: EmbeddedPostgres, sql: string): Promise<string> {
  const client = new pg.Client(server.url)
  await client.connect()
  try {
    const [row] = (await client.query({ text: sql, rowMode: 'array' })).rows
    return String(row?.[0])
  } finally {
    await client.end()
  }
}

/** A process group of its own that opens the data folder, says so and stays. */
function openElsewhere(before = ''): ChildProcess {
  const script = `${before}
    const { openEmbeddedPostgres } = await import(${JSON.stringify(import.meta.resolve('./embedded-postgres.ts'))})
    console.log((await openEmbeddedPostgres(${JSON.stringify({ dataDir, settings })})).port)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { detached: true })
  cleanups.push(() => child.exitCode ?? child.signalCode ?? killGroup(child))
  return child
}

async function killGroup(child: ChildProcess) {
  process.kill(-Number(child.pid), 'SIGKILL')
  await once(child, 'exit')
}

const lockOf = (server: EmbeddedPostgres) => join(server.dataDir, 'postmaster.pid')

/** Answers its number, as soon as nothing answers at its port any more: a signal takes its time. */
async function killServer(server: EmbeddedPostgres): Promise<number> {
  const pid = Number.parseInt(fs.readFileSync(lockOf(server), 'utf8'), 10)
  process.kill(pid, 'SIGKILL')
  while (await ask(server, 'select 1').catch(() => '')) await sleep(5)
  return pid
}

test('the first start gives a PostgreSQL 18 that speaks UTF-8 and UTC and has the settings asked for', async () => {
  const server = await open({ settings: { ...settings, cluster_name: `it's "$HOME"` } })
  expect(server.adopted).toBe(false)
  expect(await ask(server, 'select version()')).toMatch(/^PostgreSQL 18\./)
  expect(await ask(server, `select lower('ÉÑ') || current_setting('timezone')`)).toBe('éñUTC')
  expect(await ask(server, 'show cluster_name')).toBe(`it's "$HOME"`)
  expect(await ask(server, 'show listen_addresses')).toBe('127.0.0.1')
})

test('nobody gets in without the password', async () => {
  const server = await open()
  await expect(ask({ ...server, url: server.url.replace(/:[^:@]+@/, ':wrong@') }, 'select 1')).rejects.toThrow(
    /password/,
  )
  const secret = fs.readdirSync(server.dataDir).filter((name) => name.endsWith('.password'))
  expect(secret.map((name) => fs.statSync(join(server.dataDir, name)).mode & 0o777)).toEqual([0o600])
})

test('the second start keeps the data and the port', async () => {
  const first = await open()
  await ask(first, 'create table kept as select 7 as value')
  await first.stop()
  const second = await open()
  expect(second).toMatchObject({ adopted: false, port: first.port, url: first.url })
  expect(await ask(second, 'select value from kept')).toBe('7')
})

test('a port that someone took in between is replaced by another', async () => {
  const first = await open()
  await first.stop()
  const squatter = createServer().listen(first.port, '127.0.0.1')
  cleanups.push(() => squatter.close())
  await once(squatter, 'listening')
  const second = await open()
  expect(second.port).not.toBe(first.port)
  expect(await ask(second, 'select 1')).toBe('1')
})

test('a starter killed with -9, and its whole process group with it, leaves a server that the next open adopts', async () => {
  const starter = openElsewhere()
  const [line] = await once(starter.stdout ?? starter, 'data')
  await killGroup(starter)
  const server = await open()
  expect(server).toMatchObject({ adopted: true, port: Number(line) })
  expect(await ask(server, 'select 1')).toBe('1')
})

test.each(['new', 'stopped'])('of many that open a %s folder, one starts it and the rest adopt it', async (state) => {
  if (state === 'stopped') await (await open()).stop()
  const servers = await Promise.all([open(), open(), open(), open()])
  expect(servers.filter((server) => !server.adopted)).toHaveLength(1)
  expect(new Set(servers.map((server) => server.url)).size).toBe(1)
})

test('a server that is opened while it stops starts again, and the stop comes to its end', async () => {
  const first = await open()
  const stopped = first.stop()
  const isReady = () => /^ready/m.test(fs.readFileSync(lockOf(first), 'utf8'))
  while (isReady()) await sleep(1)
  const second = await open()
  await stopped
  expect(second).toMatchObject({ adopted: false, port: first.port })
  expect(await ask(second, 'select 1')).toBe('1')
})

test('a server killed with -9 starts again and has what was committed', async () => {
  const first = await open()
  await ask(first, 'create table kept as select 7 as value')
  await killServer(first)
  const second = await open()
  expect(second.adopted).toBe(false)
  expect(await ask(second, 'select value from kept')).toBe('7')
})

test('a killed server whose number belongs to another program starts again, and the program is left alone', async () => {
  const first = await open()
  const pid = await killServer(first)
  const { uid, gid } = fs.statSync(first.dataDir)
  const other = spawn('sleep', ['60'], { uid, gid, cwd: '/' })
  cleanups.push(() => other.kill())
  const lock = fs.readFileSync(lockOf(first), 'utf8')
  fs.writeFileSync(lockOf(first), lock.replace(String(pid), String(other.pid)))
  await first.stop()
  const second = await open()
  expect(second.adopted).toBe(false)
  expect(await ask(second, 'select 1')).toBe('1')
  expect(other.exitCode ?? other.signalCode).toBeNull()
})

test('an interrupted initdb is tidied and does not break the next start', async () => {
  const first = await open()
  await first.stop()
  fs.rmSync(first.dataDir, { recursive: true })
  const drafts = () => fs.readdirSync(dirname(first.dataDir)).filter((name) => name.includes('.new-'))
  const starter = openElsewhere()
  while (drafts().length === 0 && starter.exitCode === null) await sleep(5)
  await sleep(100)
  await killGroup(starter)
  expect(drafts()).toHaveLength(1)
  const server = await open()
  expect(await ask(server, 'select 1')).toBe('1')
  expect(drafts()).toEqual([])
})

test('a data folder of another version is refused by name and left as it is', async () => {
  const first = await open()
  await first.stop()
  fs.writeFileSync(join(first.dataDir, 'PG_VERSION'), '16\n')
  const refusal = await open().catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(EmbeddedPostgresError)
  expect(String(refusal)).toContain(`rm -rf '${first.dataDir}'`)
  expect(String(refusal)).toContain('was made by PostgreSQL 16, not 18')
  expect(fs.existsSync(join(first.dataDir, 'base'))).toBe(true)
})

test('a server that does not come up is reported with the end of its log', async () => {
  await expect(open({ settings: { shared_buffers: 'plenty' } })).rejects.toThrow(/"shared_buffers": "plenty"/)
})

test('a platform without binaries is told to bring its own PostgreSQL', async () => {
  const stranger = openElsewhere(`Object.defineProperty(process, 'arch', { value: 's390x' })`)
  const [said] = await once(stranger.stderr?.setEncoding('utf8') ?? stranger, 'data')
  await once(stranger, 'exit')
  expect(said).toMatch(/No PostgreSQL binaries for \w+-s390x: .* set DATABASE_URL to a PostgreSQL 18 of yours/)
})

test('a folder that the server cannot enter (root) or this user cannot write is worked around or refused', async () => {
  const folder = dirname(dirname(dataDir))
  fs.chmodSync(folder, isRoot ? 0o700 : 0o500)
  const said: string[] = []
  const opened = open({ say: (line) => said.push(line) })
  if (!isRoot) {
    await expect(opened).rejects.toThrow(/cannot write the PostgreSQL data folder .*, or set DATABASE_URL/)
    return
  }
  const server = await opened
  expect(server.dataDir).toMatch(/^\/var\/lib\/seaworthy\/[0-9a-f]{12}\/postgres$/)
  expect(said).toEqual([expect.stringContaining(dirname(server.dataDir))])
  await ask(server, 'create table kept as select 7 as value')
  await server.stop()
  expect(await ask(await open({ say: () => {} }), 'select value from kept')).toBe('7')
})
