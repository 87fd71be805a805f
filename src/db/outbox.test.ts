import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { environment } from '../../test/environment.ts'
import { withClient } from '../../tools/create-database.ts'
import { loadConfig } from '../config.ts'
import { openDatabase, type Tx } from './client.ts'
import {
  bringForward,
  claimEvents,
  listDead,
  markDead,
  markHandled,
  outbox,
  purgeHandled,
  reviveDead,
  unclaimEvent,
} from './outbox.ts'

const { appUrl, ownerUrl } = await createTestDatabase()
const { db, close } = openDatabase(loadConfig(environment(appUrl)).database, () => {})
afterAll(close)

const minute = 60_000

async function asOwner(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return withClient(ownerUrl, async (owner) => (await owner.query(text, values)).rows)
}

beforeEach(() => asOwner('TRUNCATE outbox'))

/** Adds an event, and answers the id in its payload: its name in these tests. */
async function add(tx: Tx, aggregate: string): Promise<string> {
  const notificationId = randomUUID()
  await outbox(tx, 'mail.requested', aggregate, { notificationId }, { requestId: 'request' })
  return notificationId
}

const commit = (aggregate: string) => db.transaction((tx) => add(tx, aggregate))
const claim = (limit = 100, retryAfter = minute) => db.transaction((tx) => claimEvents(tx, limit, retryAfter))
const namesOf = (events: { payload: unknown }[]) =>
  events.map(({ payload }) => (payload as { notificationId: string }).notificationId)
const pass = (time: string) => asOwner('UPDATE outbox SET published_at = published_at - $1::interval', time)

async function claimOne(retryAfter = minute) {
  const [event, ...others] = await claim(100, retryAfter)
  expect(others).toEqual([])
  return event ?? expect.unreachable('no event is due')
}

describe('adding', () => {
  test('a change that is rolled back leaves no event', async () => {
    const work = db.transaction(async (tx) => {
      await add(tx, 'a')
      throw new Error('a rule says no')
    })
    await expect(work).rejects.toThrow('a rule says no')
    expect(await asOwner('SELECT id FROM outbox')).toEqual([])
  })

  test('a change that is kept leaves its event, as it was told', async () => {
    const name = await commit('a')
    expect(await claim()).toEqual([
      {
        id: expect.any(String),
        position: expect.any(Number),
        kind: 'mail.requested',
        payload: { notificationId: name },
        requestId: 'request',
        traceparent: null,
        again: false,
      },
    ])
  })
})

describe('claiming', () => {
  test('what is claimed is not claimed again before it is overdue, and says then that it comes again', async () => {
    await commit('a')
    const first = await claimOne()
    await pass('59 seconds')
    expect(await claim()).toEqual([])
    await pass('2 seconds')
    expect(await claimOne()).toEqual({ ...first, again: true })
    expect(await claim()).toEqual([])
  })

  test('the second event of an aggregate waits until the first is handled', async () => {
    const [first, second] = [await commit('a'), await commit('a')]
    const claimed = await claim()
    expect(namesOf(claimed)).toEqual([first])
    expect(await claim()).toEqual([])
    await markHandled(db, claimed[0]?.id ?? '')
    expect(namesOf(await claim())).toEqual([second])
  })

  test('events of different aggregates are claimed together, the oldest first, no more than asked for', async () => {
    const names = [await commit('a'), await commit('b'), await commit('c')]
    expect(namesOf(await claim(2))).toEqual(names.slice(0, 2))
    expect(namesOf(await claim(2))).toEqual(names.slice(2))
  })

  test('the events of one change are told one after the other', async () => {
    const names = await db.transaction(async (tx) => [await add(tx, 'a'), await add(tx, 'a'), await add(tx, 'a')])
    const told: string[] = []
    for (let events = await claim(); events.length > 0; events = await claim()) {
      told.push(...namesOf(events))
      for (const { id } of events) await markHandled(db, id)
    }
    expect(told).toEqual(names)
  })

  test('who claims beside another neither waits nor gets the same, nor what comes after it', async () => {
    const [first] = [await commit('a'), await commit('a')]
    const other = await commit('b')
    await db.transaction(async (tx) => {
      expect(namesOf(await claimEvents(tx, 1, minute))).toEqual([first])
      expect(namesOf(await claim())).toEqual([other])
    })
  })

  test('ten who claim at once get each event once', async () => {
    const names = await Promise.all(Array.from({ length: 50 }, (_, n) => commit(`aggregate ${n}`)))
    const batches = await Promise.all(Array.from({ length: 10 }, () => claim(20)))
    batches.push(await claim())
    expect(namesOf(batches.flat()).sort()).toEqual(names.sort())
  })

  test('a claim that is rolled back claims nothing', async () => {
    await commit('a')
    const lost = db.transaction(async (tx) => {
      await claimEvents(tx, 100, minute)
      throw new Error('killed')
    })
    await expect(lost).rejects.toThrow('killed')
    expect((await claimOne()).again).toBe(false)
  })
})

describe('giving back', () => {
  test('an event whose publication failed is due at once', async () => {
    await commit('a')
    const event = await claimOne()
    await unclaimEvent(db, event)
    expect(await claimOne()).toEqual(event)
  })

  test('one that came again comes again still', async () => {
    await commit('a')
    await claimOne()
    await pass('61 seconds')
    const again = await claimOne()
    await unclaimEvent(db, again)
    expect(await claimOne()).toEqual({ ...again, again: true })
  })

  test('events whose jobs may be lost are due sooner, by the age that they are given, and no later for being given it again', async () => {
    await commit('one')
    await claim()
    await bringForward(db, minute / 2)
    await bringForward(db, minute / 4)
    expect(await claim(100, minute)).toEqual([])
    const [event] = await claim(100, minute / 3)
    expect(event?.again).toBe(true)
  })

  test('one that had its effect in the meantime is not due', async () => {
    await commit('a')
    const event = await claimOne()
    await markHandled(db, event.id)
    await unclaimEvent(db, event)
    expect(await claim(100, 0)).toEqual([])
  })
})

describe('dead letters', () => {
  async function dead(aggregate: string) {
    await commit(aggregate)
    const event = await claimOne()
    await markDead(db, event.id, 'The payload is not that of its kind')
    return event
  }

  test('a dead event is listed with its error, is due no more, and lets the later ones go on', async () => {
    const { id } = await dead('a')
    const next = await commit('a')
    expect(await listDead(db, { limit: 100 })).toMatchObject([
      { id, error: 'The payload is not that of its kind', handledAt: null },
    ])
    expect(namesOf(await claim())).toEqual([next])
    await pass('1 hour')
    expect(namesOf(await claim())).toEqual([next])
  })

  test('an event that was handled can’t die, and a dead one that has its effect after all is handled', async () => {
    const { id } = await dead('a')
    await markHandled(db, id)
    await commit('b')
    const done = await claimOne()
    await markHandled(db, done.id)
    await markDead(db, done.id, 'Too late')
    expect(await listDead(db, { limit: 100 })).toEqual([])
    expect(await asOwner('SELECT id FROM outbox WHERE handled_at IS NOT NULL ORDER BY position')).toEqual([
      { id },
      { id: done.id },
    ])
  })

  test('an error of any length is kept, up to 2,000 characters', async () => {
    await commit('a')
    await markDead(db, (await claimOne()).id, 'x'.repeat(5000))
    expect((await listDead(db, { limit: 100 }))[0]?.error).toHaveLength(2000)
  })

  test('a revived event is due at once, and replaces its failed job', async () => {
    const event = await dead('a')
    expect(await reviveDead(db, { id: event.id, limit: 1 })).toEqual([{ id: event.id, kind: event.kind }])
    expect(await listDead(db, { limit: 100 })).toEqual([])
    expect(await claimOne()).toEqual({ ...event, again: true })
    expect(await claim()).toEqual([])
  })

  test('what is not dead can’t be revived', async () => {
    await commit('a')
    const { id } = await claimOne()
    expect(await reviveDead(db, { id, limit: 1 })).toEqual([])
    expect(await reviveDead(db, { id: randomUUID(), limit: 1 })).toEqual([])
    expect(await claim()).toEqual([])
  })
})

test('the purge forgets what was handled longer ago than it is kept; open and dead events stay', async () => {
  await commit('a')
  const old = await claimOne()
  await markHandled(db, old.id)
  await commit('b')
  await markDead(db, (await claimOne()).id, 'no')
  await commit('c')
  await asOwner(
    "UPDATE outbox SET handled_at = handled_at - interval '31 days', created_at = now() - interval '1 year'",
  )
  await commit('d')
  for (const event of await claim()) await markHandled(db, event.id)
  expect(await purgeHandled(db, 30)).toBe(1)
  expect(await asOwner('SELECT count(*)::int FROM outbox')).toEqual([{ count: 3 }])
  expect(await asOwner('SELECT id FROM outbox WHERE id = $1', old.id)).toEqual([])
})
