import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { environment } from '../../test/environment.ts'
import { withClient } from '../../tools/create-database.ts'
import { loadConfig } from '../config.ts'
import { AppError } from '../lib/errors.ts'
import type { Once } from '../lib/once.ts'
import { openDatabase, type Tx } from './client.ts'
import { afterCommit } from './committed.ts'
import { sql } from './drizzle.ts'
import { purgeKeys, runOnce } from './once.ts'

const { appUrl, ownerUrl, adminUrl } = await createTestDatabase()
const { db, close } = openDatabase({ ...loadConfig(environment(appUrl)).database, lockTimeout: 1000 }, () => {})
afterAll(close)

const bodyHash = randomBytes(32)
let runs = 0

async function asOwner(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return withClient(ownerUrl, async (owner) => (await owner.query(text, values)).rows)
}

beforeAll(async () => {
  await asOwner('CREATE TABLE effects (n integer)')
  await asOwner('GRANT SELECT, INSERT ON effects TO seaworthy_app')
})

beforeEach(async () => {
  runs = 0
  await asOwner('TRUNCATE effects, idempotency_keys')
})

const call = (changes: Partial<Once> = {}): Once => ({
  caller: 'someone',
  route: 'POST /v1/things',
  key: 'a key',
  bodyHash,
  requestId: randomUUID(),
  status: 201,
  ran: false,
  replayed: false,
  ...changes,
})

/** Has one effect, and answers the number of its run. */
async function work(tx: Tx): Promise<{ run: number }> {
  await tx.execute(sql`INSERT INTO effects VALUES (${++runs})`)
  return { run: runs }
}

async function waitingForLocks(): Promise<number> {
  const text = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  return withClient(adminUrl, async (admin) => (await admin.query(text)).rows.length)
}

const effects = async () => (await asOwner('SELECT n FROM effects')).length
const keys = () => asOwner('SELECT key, status, body FROM idempotency_keys')
const age = (time: string) => asOwner('UPDATE idempotency_keys SET created_at = now() - $1::interval', time)

test('the work runs, and its answer is stored under the key', async () => {
  const once = call()
  expect(await runOnce(db, once, work)).toEqual({ run: 1 })
  expect(once).toMatchObject({ ran: true, replayed: false })
  expect(await keys()).toEqual([{ key: 'a key', status: 201, body: { run: 1 } }])
})

test('the same call again gets the stored answer, and the work does not run', async () => {
  await runOnce(db, call(), work)
  const again = call()
  expect(await runOnce(db, again, work)).toEqual({ run: 1 })
  expect(again).toMatchObject({ ran: true, replayed: true })
  expect([runs, await effects()]).toEqual([1, 1])
})

test('work without a key runs each time, and stores no answer', async () => {
  expect([await runOnce(db, undefined, work), await runOnce(db, undefined, work)]).toEqual([{ run: 1 }, { run: 2 }])
  expect([await effects(), await keys()]).toEqual([2, []])
})

test('another body under the same key is 422, and has no effect', async () => {
  await runOnce(db, call(), work)
  const other = call({ bodyHash: randomBytes(32) })
  await expect(runOnce(db, other, work)).rejects.toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' })
  expect(await effects()).toBe(1)
})

test.each([{ caller: 'another' }, { route: 'POST /v1/others' }, { key: 'another key' }])(
  'a call with %o is another call',
  async (changes) => {
    await runOnce(db, call(), work)
    expect(await runOnce(db, call(changes), work)).toEqual({ run: 2 })
    expect(await effects()).toBe(2)
  },
)

test('of twenty calls at once one runs, and all get its answer', async () => {
  const calls = Array.from({ length: 20 }, () => call())
  const answers = await Promise.all(calls.map((once) => runOnce(db, once, work)))
  expect(answers).toEqual(Array(20).fill({ run: 1 }))
  expect([runs, await effects()]).toEqual([1, 1])
  expect(calls.filter(({ replayed }) => !replayed)).toHaveLength(1)
})

test('a call that waits for one that is refused works, and both get its answer', async () => {
  let second: Promise<{ run: number }> | undefined
  const [refused, waiting] = [call(), call()]
  const first = runOnce(db, refused, async (tx) => {
    await work(tx)
    second = runOnce(db, waiting, work)
    await vi.waitUntil(async () => (await waitingForLocks()) === 1, { timeout: 900 })
    throw new AppError(409, 'TAKEN', 'Somebody else has it')
  })
  expect([await first, await second]).toEqual([{ run: 2 }, { run: 2 }])
  expect([refused.replayed, waiting.replayed, await effects()]).toEqual([true, false, 1])
})

test('a refusal undoes its work, and is the answer to the same call ever after', async () => {
  const refuse = async (tx: Tx) => {
    await work(tx)
    throw new AppError(409, 'TAKEN', 'Somebody else has it')
  }
  const refusal = { status: 409, code: 'TAKEN', message: 'Somebody else has it' }
  await expect(runOnce(db, call(), refuse)).rejects.toMatchObject(refusal)
  const again = call()
  await expect(runOnce(db, again, work)).rejects.toMatchObject(refusal)
  expect(again).toMatchObject({ ran: true, replayed: true })
  expect([runs, await effects()]).toEqual([1, 0])
})

test.each([
  ['an error of ours', () => Promise.reject(new Error('a bug'))],
  ['a refusal that is our own fault', () => Promise.reject(new AppError(503, 'AWAY', 'Something is away'))],
  ['an SQL error', (tx: Tx) => tx.execute(sql`SELECT 1 / 0`)],
  [
    'a connection that is killed',
    async (tx: Tx) => {
      const { rows } = await tx.execute(sql`SELECT pg_backend_pid() AS pid`)
      await withClient(adminUrl, (admin) => admin.query('SELECT pg_terminate_backend($1, 5000)', [rows[0]?.pid]))
      await tx.execute(sql`SELECT 1`)
    },
  ],
])('%s in mid-work leaves no effect and no key, and the same call can be made again', async (_name, fail) => {
  const failing = call()
  await expect(runOnce(db, failing, async (tx) => [await work(tx), await fail(tx)])).rejects.toThrow()
  expect(failing.ran).toBe(false)
  expect([await effects(), await keys()]).toEqual([0, []])
  expect(await runOnce(db, call(), work)).toEqual({ run: 2 })
})

test('work that fails by timing runs again under the same key, and its answer is stored once', async () => {
  const once = call()
  const answer = await runOnce(db, once, async (tx) => {
    const done = await work(tx)
    if (done.run === 1) await tx.execute(sql`DO $$ BEGIN RAISE 'again' USING ERRCODE = '40001'; END $$`)
    return done
  })
  expect([answer, await effects()]).toEqual([{ run: 2 }, 1])
  expect(once).toMatchObject({ ran: true, replayed: false })
  expect(await keys()).toMatchObject([{ body: { run: 2 } }])
})

test('a call that waits for a running one longer than lock_timeout is 409, and can be made again', async () => {
  const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const running = runOnce(db, call(), async (tx) => {
    begun.resolve()
    await end.promise
    return work(tx)
  })
  await begun.promise
  const late = runOnce(db, call(), work)
  await expect(late).rejects.toMatchObject({ status: 409, code: 'IDEMPOTENCY_KEY_IN_USE' })
  end.resolve()
  expect(await running).toEqual({ run: 1 })
  expect(await runOnce(db, call(), work)).toEqual({ run: 1 })
})

test('a lock that the work itself waits for in vain is no matter of the key', async () => {
  await withClient(ownerUrl, async (owner) => {
    await owner.query('BEGIN; LOCK TABLE effects')
    await expect(runOnce(db, call(), work)).rejects.toMatchObject({ status: 503, code: 'DATABASE_BUSY' })
  })
  expect(await keys()).toEqual([])
})

test('a key counts for 24 hours, with whatever body it comes back then', async () => {
  await runOnce(db, call(), work)
  await age('23:59')
  expect(await runOnce(db, call(), work)).toEqual({ run: 1 })
  await age('24:01')
  const later = call({ bodyHash: randomBytes(32), status: 200 })
  expect(await runOnce(db, later, work)).toEqual({ run: 2 })
  expect(later.replayed).toBe(false)
  expect(await keys()).toEqual([{ key: 'a key', status: 200, body: { run: 2 } }])
  await expect(runOnce(db, call(), work)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
})

test('the purge forgets the keys that no longer count, and no others', async () => {
  await runOnce(db, call({ key: 'old' }), work)
  await age('24:01')
  await runOnce(db, call({ key: 'fresh' }), work)
  expect(await purgeKeys(db)).toBe(1)
  expect((await keys()).map(({ key }) => key)).toEqual(['fresh'])
})

test('what was put off until COMMIT by work that was then refused is not done', async () => {
  const done: string[] = []
  const refused = runOnce(db, call(), async (tx) => {
    afterCommit(tx, () => done.push('refused'))
    throw new AppError(409, 'NOT_NOW', 'Not now')
  })
  await expect(refused).rejects.toThrow('Not now')
  await runOnce(db, call({ key: 'another' }), async (tx) => void afterCommit(tx, () => done.push('kept')))
  expect(done).toEqual(['kept'])
})
