import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { environment } from '../../test/environment.ts'
import { withClient } from '../../tools/create-database.ts'
import { loadConfig } from '../config.ts'
import { openDatabase, type Tx } from './client.ts'
import { sql } from './drizzle.ts'
import { handleOnce, purgeInbox, wasHandled } from './inbox.ts'
import { claimEvents, outbox } from './outbox.ts'

const { appUrl, ownerUrl } = await createTestDatabase()
const { db, close } = openDatabase(loadConfig(environment(appUrl)).database, () => {})
afterAll(close)

async function asOwner(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return withClient(ownerUrl, async (owner) => (await owner.query(text, values)).rows)
}

beforeAll(async () => {
  await asOwner('CREATE TABLE effects (n integer)')
  await asOwner('GRANT SELECT, INSERT ON effects TO seaworthy_app')
})

beforeEach(() => asOwner('TRUNCATE effects, inbox, outbox'))

const effect = async (tx: Tx) => {
  await tx.execute(sql`INSERT INTO effects VALUES (1)`)
}
const effects = async () => (await asOwner('SELECT n FROM effects')).length

/** An event that was claimed from the outbox, as a worker gets it. */
async function claimed(): Promise<string> {
  return db.transaction(async (tx) => {
    await outbox(tx, 'mail.requested', 'a', { notificationId: randomUUID() })
    const [event] = await claimEvents(tx, 1, 60_000)
    return event?.id ?? expect.unreachable('no event is due')
  })
}

const handled = async () => (await asOwner('SELECT id FROM outbox WHERE handled_at IS NOT NULL')).map(({ id }) => id)

test('an event has its effect, and is recorded in inbox and outbox', async () => {
  const id = await claimed()
  expect(await wasHandled(db, 'tests', id)).toBe(false)
  expect(await handleOnce(db, 'tests', id, effect)).toBe(true)
  expect([await effects(), await wasHandled(db, 'tests', id), await handled()]).toEqual([1, true, [id]])
})

test('an event that is delivered twice has one effect', async () => {
  const id = await claimed()
  expect([await handleOnce(db, 'tests', id, effect), await handleOnce(db, 'tests', id, effect)]).toEqual([true, false])
  expect(await effects()).toBe(1)
})

test('an event that is delivered twenty times at once has one effect', async () => {
  const id = await claimed()
  const answers = await Promise.all(Array.from({ length: 20 }, () => handleOnce(db, 'tests', id, effect)))
  expect(answers.filter(Boolean)).toHaveLength(1)
  expect(await effects()).toBe(1)
})

test('an effect that throws leaves nothing, and can be had at the next delivery', async () => {
  const id = await claimed()
  const broken = handleOnce(db, 'tests', id, async (tx) => {
    await effect(tx)
    throw new Error('half-way')
  })
  await expect(broken).rejects.toThrow('half-way')
  expect([await effects(), await wasHandled(db, 'tests', id), await handled()]).toEqual([0, false, []])
  expect(await handleOnce(db, 'tests', id, effect)).toBe(true)
  expect([await effects(), await handled()]).toEqual([1, [id]])
})

test('each consumer has its own effect of an event', async () => {
  const id = await claimed()
  await handleOnce(db, 'some', id, effect)
  expect(await wasHandled(db, 'others', id)).toBe(false)
  expect(await handleOnce(db, 'others', id, effect)).toBe(true)
  expect(await effects()).toBe(2)
})

test('a delivery whose effect is recorded already still closes the event in the outbox', async () => {
  const id = await claimed()
  await handleOnce(db, 'tests', id, effect)
  await asOwner('UPDATE outbox SET handled_at = NULL')
  expect(await handleOnce(db, 'tests', id, effect)).toBe(false)
  expect(await handled()).toEqual([id])
})

test('the purge forgets what was handled longer ago than it is kept, and nothing else', async () => {
  const [old, fresh] = [randomUUID(), randomUUID()]
  await handleOnce(db, 'tests', old, effect)
  await asOwner("UPDATE inbox SET handled_at = now() - interval '31 days'")
  await handleOnce(db, 'tests', fresh, effect)
  expect(await purgeInbox(db, 30)).toBe(1)
  expect([await wasHandled(db, 'tests', old), await wasHandled(db, 'tests', fresh)]).toEqual([false, true])
})
