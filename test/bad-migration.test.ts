// A deploy whose migration is bad: the old release serves on, nothing of it stays, its lock is free, and the next try works.
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { withClient } from '../tools/create-database.ts'
import { holdTable } from '../tools/hold-table.ts'
import type { ScratchDatabase } from '../tools/scratch-databases.ts'
import { createTestDatabase } from './database.ts'
import { environment } from './environment.ts'
import { start, startServer } from './process.ts'

const half = 'CREATE TABLE planted (id integer);\n'
let release: string
let database: ScratchDatabase

/** The next release: this one, and one migration more. */
beforeEach(async () => {
  release = await mkdtemp(join(tmpdir(), 'seaworthy-release-'))
  onTestFinished(() => rm(release, { recursive: true }))
  for (const part of ['src', 'migrations', 'package.json']) await cp(part, join(release, part), { recursive: true })
  await symlink(resolve('node_modules'), join(release, 'node_modules'))
  database = await createTestDatabase()
})

async function plant(up: string): Promise<void> {
  await writeFile(join(release, 'migrations/9000_planted.up.sql'), up)
  await writeFile(join(release, 'migrations/9000_planted.down.sql'), 'DROP TABLE planted;\n')
}

const migrate = () => start([join(release, 'src/migrate.ts')], { env: { DATABASE_OWNER_URL: database.ownerUrl } })

async function migrated() {
  const running = await migrate()
  return { ...(await running.ended), said: running.said() }
}

const ask = (text: string) => withClient(database.adminUrl, async (admin) => (await admin.query(text)).rows)
const tables = () => ask("SELECT relname FROM pg_class WHERE relname = 'planted'")
const names = async () => (await ask('SELECT name FROM schema_migrations')).map(({ name }) => name)
const sleeping = () =>
  ask(
    "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND datname = current_database()",
  )
const locks = () =>
  ask(`SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'advisory' AND datname = current_database()`)

async function untilSome(look: () => Promise<unknown[]>, some = true): Promise<void> {
  while ((await look()).length > 0 !== some);
}

async function goesWell(): Promise<void> {
  await plant(half)
  expect(await migrated()).toMatchObject({ code: 0, said: expect.stringContaining('up 9000_planted') })
  expect([await tables(), await names()]).toEqual([[{ relname: 'planted' }], expect.arrayContaining(['9000_planted'])])
}

test('one that fails halfway says which, leaves nothing, and the old release serves on', async () => {
  const { url } = await startServer(environment(database.appUrl))
  await plant(`${half}ALTER TABLE planted ADD CONSTRAINT planted_odd CHECK (nowhere > 0);\n`)
  const bad = await migrated()
  expect(bad).toMatchObject({
    code: 1,
    said: expect.stringMatching(/9000_planted failed on its way up: .*"nowhere" does not exist/),
  })
  expect([await tables(), await locks(), (await names()).includes('9000_planted')]).toEqual([[], [], false])
  const [ready, list] = await Promise.all([fetch(`${url}/health/ready`), fetch(`${url}/v1/jobs`)])
  expect([ready.status, list.status]).toEqual([200, 200])
  await goesWell()
  expect((await fetch(`${url}/health/ready`)).status).toBe(200)
})

test('one whose process is killed in the middle is undone, and gives its lock to the replica that waits', async () => {
  await plant(`${half}SELECT pg_sleep(600);\n`)
  const first = await migrate()
  await untilSome(sleeping)
  await plant(half)
  const second = await migrate()
  await second.until(/waiting for it/)
  first.child.kill('SIGKILL')
  expect(await second.ended).toEqual({ code: 0, signal: null })
  expect(second.said()).toContain('up 9000_planted')
  expect([await sleeping(), await locks(), await tables()]).toEqual([[], [], [{ relname: 'planted' }]])
})

test('one that waits for a table gives up within a second, before those who wait behind it do', async () => {
  const { url } = await startServer(environment(database.appUrl))
  const held = await holdTable(database.adminUrl, 'jobs')
  onTestFinished(held.close)
  await plant('ALTER TABLE jobs ADD COLUMN planted text;\n')
  const running = await migrate()
  await held.awaited()
  expect((await running.ended).code).toBe(1)
  expect(running.said()).toMatch(/9000_planted failed on its way up: canceling statement due to lock timeout/)
  await held.release()
  expect([await locks(), (await fetch(`${url}/v1/jobs`)).status]).toEqual([[], 200])
  await goesWell()
})
