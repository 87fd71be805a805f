import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { environment } from '../../test/environment.ts'
import { withClient } from '../../tools/create-database.ts'
import { loadConfig } from '../config.ts'
import { openDatabase, type Tx } from './client.ts'
import { markDead, markHandled, type OutboxEvent, outbox, reviveDead } from './outbox.ts'
import { startRelay } from './relay.ts'

type Relay = ReturnType<typeof startRelay>

const { appUrl, ownerUrl, adminUrl, name } = await createTestDatabase()
const { db, close } = openDatabase(loadConfig(environment(appUrl)).database, () => {})
afterAll(close)

const hour = 3_600_000
const relays: Relay[] = []
/** What was published, by whichever relay, in order. */
let told: OutboxEvent[] = []
let errors: unknown[] = []
let changes = new EventEmitter()

async function asAdmin(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return withClient(adminUrl, async (admin) => (await admin.query(text, values)).rows)
}

beforeEach(async () => {
  await withClient(ownerUrl, (owner) => owner.query('TRUNCATE outbox'))
  told = []
  errors = []
  changes = new EventEmitter().setMaxListeners(0)
})

afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()))
})

/** Sweeps once an hour unless told otherwise: what is published sooner was woken. */
function start(options: Partial<Parameters<typeof startRelay>[0]> = {}): Relay {
  const publish = async (event: OutboxEvent) => {
    told.push(event)
    changes.emit('change')
  }
  const onError = (error: unknown) => {
    errors.push(error)
    changes.emit('change')
  }
  const relay = startRelay({ db, url: () => appUrl, publish, every: hour, retryAfter: hour, onError, ...options })
  relays.push(relay)
  return relay
}

const listeners = () =>
  asAdmin(
    "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = 'seaworthy-relay' AND query LIKE 'LISTEN%' AND state = 'idle'",
    name,
  )

/** Waits until that many relays listen. */
const listening = (count = 1) => vi.waitFor(async () => expect(await listeners()).toHaveLength(count), 5000)

async function until(predicate: () => boolean) {
  const signal = AbortSignal.timeout(5000)
  while (!predicate()) await once(changes, 'change', { signal })
}

const add = (tx: Tx, aggregate: string) => outbox(tx, 'mail.requested', aggregate, { notificationId: randomUUID() })
const commit = (aggregate = 'a') => db.transaction((tx) => add(tx, aggregate))
const idOf = (n: number) => told[n]?.id ?? expect.unreachable(`event ${n} was not published`)

test('a commit wakes the relay at once, and a rollback does not', async () => {
  start()
  await listening()
  const undone = db.transaction((tx) => add(tx, 'undone').then(() => Promise.reject(new Error('no'))))
  await expect(undone).rejects.toThrow('no')
  await commit()
  await until(() => told.length > 0)
  expect(told).toMatchObject([{ kind: 'mail.requested', again: false }])
})

test('what was committed before the start is published at the start', async () => {
  for (let n = 0; n < 3; n++) await commit(`${n}`)
  start()
  await until(() => told.length === 3)
})

test('more events than fit into one batch are published by one waking', async () => {
  await db.transaction(async (tx) => {
    for (let n = 0; n < 250; n++) await add(tx, `${n}`)
  })
  start()
  await until(() => told.length === 250)
  expect(new Set(told.map(({ id }) => id)).size).toBe(250)
})

test('the next event of an aggregate is published when the one before it is handled, or dead, at once', async () => {
  await db.transaction(async (tx) => {
    for (let n = 0; n < 3; n++) await add(tx, 'a')
  })
  start()
  await until(() => told.length === 1)
  await markHandled(db, idOf(0))
  await until(() => told.length === 2)
  await markDead(db, idOf(1), 'no')
  await until(() => told.length === 3)
  expect(new Set(told.map(({ id }) => id)).size).toBe(3)
})

test('a revived event is published again at once', async () => {
  start()
  await commit()
  await until(() => told.length === 1)
  await markDead(db, idOf(0), 'no')
  await reviveDead(db, { id: idOf(0), limit: 1 })
  await until(() => told.length === 2)
  expect(told[1]).toEqual({ ...told[0], again: true })
})

test('two relays side by side publish each event once', async () => {
  start()
  start()
  await listening(2)
  await Promise.all(Array.from({ length: 100 }, (_, n) => commit(`${n}`)))
  await until(() => told.length >= 100)
  await Promise.all(relays.splice(0).map((relay) => relay.close()))
  expect(told).toHaveLength(100)
  expect(new Set(told.map(({ id }) => id)).size).toBe(100)
})

test('the sweep finds what no notification told of', async () => {
  start({ every: 50 })
  await listening()
  await withClient(ownerUrl, (owner) =>
    owner.query(`INSERT INTO outbox (aggregate, kind, payload) VALUES ('a', 'mail.requested', '{}')`),
  )
  await until(() => told.length === 1)
})

test('an event without recorded effect is published again after a while, until it has one', async () => {
  start({ every: 50, retryAfter: 100 })
  await commit()
  await until(() => told.length === 3)
  expect(told.map(({ again }) => again)).toEqual([false, true, true])
  const [first] = told
  await markHandled(db, idOf(0))
  await commit('b')
  await until(() => told.filter(({ id }) => id !== first?.id).length === 3)
  const since = told.slice(told.findIndex(({ id }) => id !== first?.id))
  expect(since.map(({ again }) => again)).toEqual([false, true, true])
})

test('an event that can’t be published is kept for later, and no other waits for it', async () => {
  for (let n = 0; n < 3; n++) await commit(`${n}`)
  let tries = 0
  const publish = async (event: OutboxEvent) => {
    if (++tries === 1) throw new Error('The queue is away')
    told.push(event)
    changes.emit('change')
  }
  start({ publish, every: 100 })
  await until(() => told.length === 3)
  expect(errors).toEqual([new Error('The queue is away')])
  const rows = await asAdmin('SELECT id FROM outbox ORDER BY position')
  const [kept, ...others] = rows.map(({ id }) => ({ id, again: false }))
  expect(told.map(({ id, again }) => ({ id, again }))).toEqual([...others, kept])
})

test('after its listening connection is killed it listens again, and misses nothing', async () => {
  start({ every: 200 })
  await listening()
  const [{ pid } = {}] = await listeners()
  await asAdmin('SELECT pg_terminate_backend($1, 5000)', pid)
  await commit()
  await until(() => told.length === 1)
  await listening()
  expect((await listeners())[0]?.pid).not.toBe(pid)
  expect(errors[0]).toMatchObject({ code: '57P01' })
  await commit('b')
  await until(() => told.length === 2)
})

test('a server that is away at the start is reported, and tried again at the next sweep', async () => {
  start({ url: () => appUrl.replace(/:\d+\//, ':1/'), every: 50 })
  await until(() => errors.length >= 2)
  expect(errors[0]).toMatchObject({ code: 'ECONNREFUSED' })
})

test('the close waits for the batch under way, and publishes nothing after it', async () => {
  for (let n = 0; n < 3; n++) await commit(`${n}`)
  const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const publish = async (event: OutboxEvent) => {
    begun.resolve()
    await end.promise
    told.push(event)
  }
  const relay = start({ publish })
  await begun.promise
  const closed = relay.close().then(() => told.length)
  await commit('late')
  end.resolve()
  expect(await closed).toBe(3)
  expect(await asAdmin('SELECT published_at FROM outbox ORDER BY position DESC LIMIT 1')).toEqual([
    { published_at: null },
  ])
  await vi.waitFor(async () => expect(await listeners()).toEqual([]))
})

test('the close is quick when nothing is under way, and right after the start', async () => {
  const before = performance.now()
  await start().close()
  start()
  await listening()
  await relays.pop()?.close()
  expect(performance.now() - before).toBeLessThan(2000)
  await vi.waitFor(async () => expect(await listeners()).toEqual([]))
})
