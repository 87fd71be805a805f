import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { migrate } from '../src/db/migrations.ts'
import { createDatabase } from '../tools/create-database.ts'
import { openEmbeddedPostgres } from '../tools/embedded-postgres.ts'
import { environment } from './environment.ts'
import { start, startServer } from './process.ts'

const folder = await mkdtemp(join(tmpdir(), 'seaworthy-away-'))
// As root, PostgreSQL runs as another user, who must be able to enter.
await chmod(folder, 0o755)
const dataDir = join(folder, 'postgres')
const openPostgres = () => openEmbeddedPostgres({ dataDir, settings: { fsync: 'off' }, say: () => {} })
const postgres = await openPostgres()
afterAll(async () => {
  await postgres.stop()
  for (const path of [postgres.dataDir, folder]) await rm(path, { recursive: true, force: true })
})

const { appUrl, ownerUrl } = await createDatabase({
  adminUrl: postgres.url,
  name: 'away',
  passwords: { owner: 'o', app: 'a' },
})

/** Asks again until the answer has the status. */
async function until(url: string, status: number): Promise<Response> {
  for (;;) {
    const answer = await fetch(url)
    if (answer.status === status) return answer
    await answer.body?.cancel()
  }
}

test('a database that goes away and comes back: live throughout, ready but degraded, work 503, and all is well by itself', async () => {
  await migrate({ url: ownerUrl, direction: 'up' })
  const server = await startServer(environment(appUrl))
  const ready = async () => (await until(`${server.url}/health/ready`, 200)).json() as Promise<{ status: string }>
  expect(await ready()).toEqual({ status: 'ready', modes: [] })

  await postgres.stop()
  let said = await ready()
  while (said.status === 'ready') said = await ready()
  expect(said).toEqual({ status: 'degraded', modes: ['database-away'] })
  const live = await fetch(`${server.url}/health/live`)
  expect([live.status, live.headers.get('degraded-mode')]).toEqual([200, 'database-away'])
  const jobs = await fetch(`${server.url}/v1/jobs`)
  expect(jobs.headers.get('retry-after')).toBe('1')
  expect(await jobs.json()).toMatchObject({ status: 503, code: 'DATABASE_UNAVAILABLE' })

  await openPostgres()
  while (said.status !== 'ready') said = await ready()
  expect((await fetch(`${server.url}/v1/jobs`)).status).toBe(200)
  server.child.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
})

test('a database that stays away at the start: tried again for a while, then a message and exit 1', async () => {
  const away = 'postgres://seaworthy_service:secret-of-mine@127.0.0.1:1/away'
  const server = await start(['src/server.ts'], { env: { ...environment(away), DATABASE_START_TIMEOUT_MS: '2000' } })
  expect(await server.ended).toEqual({ code: 1, signal: null })
  expect(server.lines().filter(({ msg }) => String(msg).includes('trying again')).length).toBeGreaterThan(1)
  expect(server.said()).toMatch(
    /PostgreSQL at 127.0.0.1:1\/away did not answer within 2000 ms .*ECONNREFUSED.*DATABASE_URL/,
  )
  expect(server.said()).not.toContain('secret-of-mine')
})

test.each([
  ['src/server.ts', 'DATABASE_URL'],
  ['src/worker.ts', 'DATABASE_URL'],
  ['src/migrate.ts', 'DATABASE_OWNER_URL'],
  ['src/link-identity.ts', 'DATABASE_OWNER_URL'],
])('a password that is wrong: %s ends, and names %s and never what is in it', async (door, variable) => {
  const wrong = (url: string) => url.replace(/:[^:@]*@/, ':secret-of-mine@')
  const env = {
    ...environment(wrong(appUrl)),
    DATABASE_START_TIMEOUT_MS: '700',
    DATABASE_OWNER_URL: wrong(ownerUrl),
    EXTERNAL_ISSUER: 'https://login.seaworthy.test/',
    EXTERNAL_AUDIENCE: 'seaworthy',
    EXTERNAL_JWKS_URL: 'https://login.seaworthy.test/jwks.json',
  }
  const running = await start([door, ...(door.includes('link') ? ['subject', 'ada@example.com'] : [])], { env })
  expect(await running.ended).toEqual({ code: 1, signal: null })
  expect(running.said()).toMatch(
    new RegExp(`PostgreSQL at .*\\(password authentication failed for user .*\\)\\. .*is ${variable} right\\?`),
  )
  expect(running.said()).not.toContain('secret-of-mine')
})

test('a start that still waits for its database can be stopped', async () => {
  const away = 'postgres://seaworthy_service:secret-of-mine@127.0.0.1:1/away'
  const server = await start(['src/server.ts'], { env: { ...environment(away), DATABASE_START_TIMEOUT_MS: '60000' } })
  await server.until(/trying again/)
  server.child.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
  expect(server.said()).toContain('"msg":"stopped"')
})

test('a port that is taken: a message that says what to do, and exit 1', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const server = await start(['src/server.ts'], { env: { ...environment(appUrl), PORT: String(port) } })
  expect(await server.ended).toEqual({ code: 1, signal: null })
  expect(server.said()).toContain(
    `Port ${port} on 127.0.0.1 is taken by another program: stop it, or set PORT, METRICS_PORT or WORKER_HEALTH_PORT, whichever it is, to another port.`,
  )
  other.close()
})
