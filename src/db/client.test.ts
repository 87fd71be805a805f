import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { environment } from '../../test/environment.ts'
import { withClient } from '../../tools/create-database.ts'
import { loadConfig } from '../config.ts'
import { openDatabase, type Tx } from './client.ts'
import { eq, sql } from './drizzle.ts'
import { users } from './tables.ts'

const { appUrl, adminUrl } = await createTestDatabase()
const settings = loadConfig(environment(appUrl)).database
const opened: ReturnType<typeof openDatabase>[] = []

/** A pool of one connection, so that what happened to it shows. */
function open(changes: Partial<typeof settings> = {}) {
  const broken = Promise.withResolvers<Error>()
  const database = openDatabase({ ...settings, poolMax: 1, ...changes }, broken.resolve)
  opened.push(database)
  return { ...database, broken: broken.promise }
}

afterEach(async () => {
  for (const { close } of opened.splice(0)) await close()
})

async function pidOf(db: Tx): Promise<number> {
  const { rows } = await db.execute<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`)
  return Number(rows[0]?.pid)
}

const terminate = (pid: number) =>
  withClient(adminUrl, (admin) => admin.query('SELECT pg_terminate_backend($1, 5000)', [pid]))

const newUser = (changes: Partial<typeof users.$inferInsert> = {}) => ({
  email: 'ada@example.com',
  name: 'Ada',
  role: 'client' as const,
  passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
  ...changes,
})

test('a query that fails with an SQL error gives its connection back', async () => {
  const { db, use } = open()
  const before = await pidOf(db)
  await expect(db.execute(sql`SELECT 1 / 0`)).rejects.toMatchObject({ code: '22012' })
  expect(use()).toEqual({ total: 1, idle: 1, waiting: 0, max: 1 })
  expect(await pidOf(db)).toBe(before)
})

test('a query whose connection is killed is a 503, its connection is destroyed, and the next query works', async () => {
  const { db, use } = open()
  const pid = await pidOf(db)
  const refused = expect(db.execute(sql`SELECT pg_sleep(4)`)).rejects.toMatchObject({
    status: 503,
    code: 'DATABASE_UNAVAILABLE',
  })
  await terminate(pid)
  await refused
  expect(use()).toMatchObject({ total: 0 })
  expect(await pidOf(db)).not.toBe(pid)
})

test('a query of a server that answers no more is a 503 in the end, and its connection is destroyed', async () => {
  const { db, use } = open({ statementTimeout: 50 })
  const pid = await pidOf(db)
  process.kill(pid, 'SIGSTOP')
  try {
    await expect(db.execute(sql`SELECT 1`)).rejects.toMatchObject({ status: 503, code: 'DATABASE_UNAVAILABLE' })
    expect(use()).toMatchObject({ total: 0 })
  } finally {
    process.kill(pid, 'SIGCONT')
  }
})

test('a server that ends an idle connection is reported, and the next query works', async () => {
  const { db, broken } = open()
  const pid = await pidOf(db)
  await terminate(pid)
  expect(await broken).toMatchObject({ code: '57P01' })
  expect(await pidOf(db)).not.toBe(pid)
})

test('a statement is prepared once, under a name, however often it runs', async () => {
  const { db } = open()
  for (const email of ['ada@example.com', 'bob@example.com', 'eve@example.com'])
    await db.select().from(users).where(eq(users.email, email))
  const { rows } = await db.execute(sql`SELECT name, generic_plans + custom_plans AS runs
    FROM pg_prepared_statements WHERE statement LIKE 'select "id"%where%'`)
  expect(rows).toEqual([{ name: expect.stringMatching(/^s\d+$/), runs: '3' }])
})

test('a statement in a transaction has the name that it has outside', async () => {
  const { db } = open()
  await db.select().from(users)
  await db.transaction((tx) => tx.select().from(users))
  const { rows } = await db.execute(sql`SELECT generic_plans + custom_plans AS runs
    FROM pg_prepared_statements WHERE statement LIKE 'select "id"%'`)
  expect(rows).toEqual([{ runs: '2' }])
})

test('the time limits are those of every connection, in a transaction and outside', async () => {
  const { db } = open({ statementTimeout: 1111, lockTimeout: 2222, idleTransactionTimeout: 3333 })
  const limits = sql`SELECT name, setting FROM pg_settings WHERE unit = 'ms' AND name IN
    ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') ORDER BY name`
  const expected = [
    { name: 'idle_in_transaction_session_timeout', setting: '3333' },
    { name: 'lock_timeout', setting: '2222' },
    { name: 'statement_timeout', setting: '1111' },
  ]
  expect((await db.execute(limits)).rows).toEqual(expected)
  expect(await db.transaction(async (tx) => (await tx.execute(limits)).rows)).toEqual(expected)
})

test('a statement over its time ends in an error, and the same connection goes on', async () => {
  const { db } = open({ statementTimeout: 50 })
  const before = await pidOf(db)
  await expect(db.execute(sql`SELECT pg_sleep(4)`)).rejects.toMatchObject({ status: 503, code: 'DATABASE_BUSY' })
  expect(await pidOf(db)).toBe(before)
})

test('a statement that waits too long for a lock ends in an error, and the same connection goes on', async () => {
  const { db } = open({ lockTimeout: 50 })
  const before = await pidOf(db)
  await withClient(adminUrl, async (admin) => {
    await admin.query('BEGIN; LOCK TABLE users')
    await expect(db.select().from(users)).rejects.toMatchObject({ status: 503, code: 'DATABASE_BUSY' })
  })
  expect(await pidOf(db)).toBe(before)
})

test('a query that finds the pool full is a 503', async () => {
  const { db } = open({ connectTimeout: 400 })
  const hold = Promise.withResolvers<void>()
  const holding = db.transaction(() => hold.promise)
  await expect(db.execute(sql`SELECT 1`)).rejects.toMatchObject({ status: 503, code: 'DATABASE_UNAVAILABLE' })
  hold.resolve()
  await holding
})

test('a wrong password and a database that does not exist are a 503, and the log has what PostgreSQL says', async () => {
  const wrong = [
    Object.assign(new URL(appUrl), { password: 'wrong' }),
    Object.assign(new URL(appUrl), { pathname: '/none' }),
  ]
  for (const [at, code] of ['28P01', '3D000'].entries()) {
    const { db } = open({ url: String(wrong[at]) })
    await expect(db.execute(sql`SELECT 1`)).rejects.toMatchObject({
      status: 503,
      code: 'DATABASE_UNAVAILABLE',
      cause: { code },
    })
  }
})

test('a write to a server that takes none is a 503, in a transaction and outside, and its connection is left', async () => {
  const { db, use } = open()
  const readOnly = { status: 503, code: 'DATABASE_READ_ONLY', headers: { 'retry-after': '5' } }
  const spoil = async () => {
    await db.execute(sql`SET default_transaction_read_only = on`)
    return db
  }
  await expect((await spoil()).insert(users).values(newUser())).rejects.toMatchObject(readOnly)
  expect(use().total).toBe(0)
  await expect((await spoil()).transaction((tx) => tx.insert(users).values(newUser()))).rejects.toMatchObject(readOnly)
  expect(use().total).toBe(0)
})

test('a connection that has rested is tried before it is used: one whose server takes no writes is replaced', async () => {
  const { db } = open()
  const before = await pidOf(db)
  await delay(2100)
  expect(await pidOf(db)).toBe(before)
  await db.execute(sql`SET default_transaction_read_only = on`)
  expect(await pidOf(db)).toBe(before)
  await delay(2100)
  expect(await pidOf(db)).not.toBe(before)
})

test('connections whose server no longer answers after a rest are all replaced within a second', async () => {
  const { db, use } = open({ poolMax: 3 })
  const hold = Promise.withResolvers<void>()
  const three = [1, 2, 3].map(() => db.transaction(async (tx) => Promise.all([pidOf(tx), hold.promise])))
  await delay(100)
  hold.resolve()
  const pids = (await Promise.all(three)).map(([pid]) => pid)
  expect(use().total).toBe(3)
  await delay(2100)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  try {
    const start = performance.now()
    expect(pids).not.toContain(await pidOf(db))
    expect(performance.now() - start).toBeLessThan(1500)
    expect(use().total).toBe(1)
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
})

test.each<[string, Partial<typeof users.$inferInsert>, string]>([
  ['breaks a rule', { email: 'Secret@example.com', passwordHash: '$argon2id$secret' }, 'users_email_normal'],
  ['is taken', { email: 'secret@example.com' }, 'users_email_unique'],
])('the error of a row that %s names the rule, and has nothing of the row', async (_, changes, constraint) => {
  const { db } = open()
  await db
    .insert(users)
    .values(newUser({ email: 'secret@example.com' }))
    .onConflictDoNothing()
  const error = await db
    .insert(users)
    .values(newUser({ name: 'A secret name', ...changes }))
    .catch((error: unknown) => error)
  expect(error).toMatchObject({ constraint })
  expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/secret/i)
})

test('new connections sign in by the URL that was given last, and those that there are stay', async () => {
  const { db, connectTo } = open()
  const pid = await pidOf(db)
  const other = new URL(appUrl)
  other.searchParams.set('application_name', 'signed-in-anew')
  connectTo(other.href)
  expect(await pidOf(db)).toBe(pid)
  await db.renew()
  const { rows } = await db.execute<{ name: string }>(sql`SELECT current_setting('application_name') AS name`)
  expect(rows).toEqual([{ name: 'signed-in-anew' }])
})
