import process from 'node:process'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { environment } from '../../test/environment.ts'
import { withClient } from '../../tools/create-database.ts'
import { loadConfig } from '../config.ts'
import { openDatabase, type Tx } from './client.ts'
import { sql } from './drizzle.ts'

const { appUrl, ownerUrl, adminUrl, name } = await createTestDatabase()
const settings = loadConfig(environment(appUrl)).database
const opened: ReturnType<typeof openDatabase>[] = []

/** A pool of the service's login. Errors of idle connections are of no interest here. */
function open(changes: Partial<Parameters<typeof openDatabase>[0]> = {}) {
  const database = openDatabase({ ...settings, poolMax: 2, ...changes }, () => {})
  opened.push(database)
  return database
}

const asOwner = (text: string) => withClient(ownerUrl, (client) => client.query(text))
const asAdmin = (text: string, values: unknown[] = []) => withClient(adminUrl, (client) => client.query(text, values))

beforeAll(async () => {
  await asOwner('CREATE TABLE counters (id integer PRIMARY KEY, n integer NOT NULL)')
  await asOwner('GRANT SELECT, INSERT, UPDATE ON counters TO seaworthy_app')
  await asAdmin(`ALTER DATABASE ${name} SET deadlock_timeout = '10ms'`)
})

beforeEach(() => asOwner('TRUNCATE counters; INSERT INTO counters VALUES (1, 0), (2, 0)'))

// Whatever a test did to its pool, every connection must be back or destroyed.
afterEach(async () => {
  for (const { use, close } of opened.splice(0)) {
    const { total, idle, waiting } = use()
    expect({ inUse: total - idle, waiting }).toEqual({ inUse: 0, waiting: 0 })
    await close()
  }
})

const add = (tx: Tx, id: number, n = 1) => tx.execute(sql`UPDATE counters SET n = n + ${n} WHERE id = ${id}`)
const fail = (tx: Tx) => tx.execute(sql`SELECT 1 / 0`)

async function counters(): Promise<number[]> {
  return (await asOwner('SELECT n FROM counters ORDER BY id')).rows.map(({ n }) => n)
}

async function pidOf(tx: Tx): Promise<number> {
  const { rows } = await tx.execute<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`)
  return Number(rows[0]?.pid)
}

/** Ends a connection as an operator or a failover would, and answers when it is gone. */
const terminate = (pid: number) => asAdmin('SELECT pg_terminate_backend($1, 5000)', [pid])

/** Lets nobody through before `count` have come; later ones pass. */
function barrier(count: number): () => Promise<void> {
  const all = Promise.withResolvers<void>()
  return () => {
    if (--count === 0) all.resolve()
    return all.promise
  }
}

const unavailable = { name: 'AppError', status: 503, code: 'DATABASE_UNAVAILABLE', headers: { 'retry-after': '1' } }

test('work that ends well is kept, and its answer comes back', async () => {
  const { db } = open()
  const answer = await db.transaction(async (tx) => {
    await add(tx, 1)
    await add(tx, 2)
    return 'done'
  })
  expect(answer).toBe('done')
  expect(await counters()).toEqual([1, 1])
})

test('of work that throws nothing is kept, and its own error comes back', async () => {
  const { db, use } = open()
  const error = new Error('a rule says no')
  const done = db.transaction(async (tx) => {
    await add(tx, 1)
    throw error
  })
  await expect(done).rejects.toBe(error)
  expect(await counters()).toEqual([0, 0])
  expect(use()).toMatchObject({ total: 1, idle: 1 })
})

test('of work that meets an SQL error nothing is kept, and it runs only once', async () => {
  const { db, use } = open()
  let runs = 0
  const done = db.transaction(async (tx) => {
    runs++
    await add(tx, 1)
    await fail(tx)
  })
  await expect(done).rejects.toMatchObject({ code: '22012' })
  expect(runs).toBe(1)
  expect(await counters()).toEqual([0, 0])
  expect(use()).toMatchObject({ total: 1, idle: 1 })
})

test('work that hides an SQL error is an error, since PostgreSQL keeps nothing of it', async () => {
  const { db, use } = open()
  const done = db.transaction(async (tx) => {
    await add(tx, 1)
    await fail(tx).catch(() => {})
    return 'done'
  })
  await expect(done).rejects.toThrow('Nothing was written')
  expect(await counters()).toEqual([0, 0])
  expect(use()).toMatchObject({ total: 1, idle: 1 })
})

test('of a deadlock both sides are done in the end', async () => {
  const { db } = open()
  const bothHoldOne = barrier(2)
  let runs = 0
  const cross = (first: number, second: number) =>
    db.transaction(async (tx) => {
      runs++
      await add(tx, first)
      await bothHoldOne()
      await add(tx, second)
    })
  await Promise.all([cross(1, 2), cross(2, 1)])
  expect(runs).toBe(3)
  expect(await counters()).toEqual([2, 2])
})

test('of two serializable transactions that contradict each other one runs again and sees the other', async () => {
  const { db } = open()
  const bothHaveRead = barrier(2)
  let runs = 0
  const addSumAndOne = (id: number) =>
    db.transaction(async (tx) => {
      runs++
      await tx.execute(sql`SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`)
      const { rows } = await tx.execute<{ sum: string }>(sql`SELECT sum(n) AS sum FROM counters`)
      await bothHaveRead()
      await add(tx, id, Number(rows[0]?.sum) + 1)
    })
  await Promise.all([addSumAndOne(1), addSumAndOne(2)])
  expect(runs).toBe(3)
  expect((await counters()).sort()).toEqual([1, 2])
})

test.each(['40001', '40P01'])('work that fails with %s each time is given up after three attempts', async (code) => {
  const { db } = open()
  let runs = 0
  const done = db.transaction(async (tx) => {
    runs++
    await add(tx, 1)
    await tx.execute(sql.raw(`DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '${code}'; END $$`))
  })
  await expect(done).rejects.toMatchObject({ code })
  expect(runs).toBe(3)
  expect(await counters()).toEqual([0, 0])
})

test('a connection that is killed between two statements is a 503, is destroyed, and the next transaction works', async () => {
  const { db, use } = open({ poolMax: 1 })
  let killed = 0
  const done = db.transaction(async (tx) => {
    killed = await pidOf(tx)
    await add(tx, 1)
    await terminate(killed)
    await add(tx, 2)
  })
  await expect(done).rejects.toMatchObject(unavailable)
  expect(use()).toMatchObject({ total: 0, idle: 0 })
  expect(await counters()).toEqual([0, 0])
  const next = await db.transaction(async (tx) => {
    await add(tx, 2)
    return pidOf(tx)
  })
  expect(next).not.toBe(killed)
  expect(await counters()).toEqual([0, 1])
})

test('a connection that is killed during a statement is a 503, and is destroyed', async () => {
  const { db, use } = open({ poolMax: 1 })
  const started = Promise.withResolvers<number>()
  const done = db.transaction(async (tx) => {
    started.resolve(await pidOf(tx))
    await tx.execute(sql`SELECT pg_sleep(4)`)
  })
  const refused = expect(done).rejects.toMatchObject(unavailable)
  await terminate(await started.promise)
  await refused
  expect(use()).toMatchObject({ total: 0, idle: 0 })
})

test('a transaction whose server answers no more is a 503 in the end, and its connection is destroyed', async () => {
  const { db, use } = open({ statementTimeout: 50 })
  let pid = 0
  const done = db.transaction(async (tx) => {
    pid = await pidOf(tx)
    process.kill(pid, 'SIGSTOP')
    await add(tx, 1)
  })
  try {
    await expect(done).rejects.toMatchObject(unavailable)
    expect(use()).toMatchObject({ total: 0 })
  } finally {
    process.kill(pid, 'SIGCONT')
  }
})

test('a transaction that sits idle for too long is ended, so that its locks are free, and is a 503', async () => {
  const { db } = open({ poolMax: 1, idleTransactionTimeout: 50 })
  const done = db.transaction(async (tx) => {
    await add(tx, 1)
    // Waits for the row that this very transaction holds.
    await asOwner('UPDATE counters SET n = 10 WHERE id = 1')
    await add(tx, 1)
  })
  await expect(done).rejects.toMatchObject(unavailable)
  expect(await counters()).toEqual([10, 0])
})

test('a full pool is a 503 within the time to connect, and is usable again', async () => {
  const { db, use } = open({ poolMax: 1, connectTimeout: 400 })
  const hold = Promise.withResolvers<void>()
  const holding = db.transaction(() => hold.promise)
  const start = performance.now()
  await expect(db.transaction((tx) => add(tx, 1))).rejects.toMatchObject(unavailable)
  expect(performance.now() - start).toBeLessThan(2000)
  expect(use()).toEqual({ total: 1, idle: 0, waiting: 0, max: 1 })
  hold.resolve()
  await holding
  await db.transaction((tx) => add(tx, 2))
  expect(await counters()).toEqual([0, 1])
})

test('a server that is not there is a 503', async () => {
  const { db, use } = open({ url: appUrl.replace(/:\d+\//, ':1/') })
  await expect(db.transaction((tx) => add(tx, 1))).rejects.toMatchObject(unavailable)
  expect(use()).toMatchObject({ total: 0, waiting: 0 })
})
