import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { environment } from '../../test/environment.ts'
import { loadConfig } from '../config.ts'
import { openDatabase, type Tx } from './client.ts'
import { afterCommit } from './committed.ts'
import { sql } from './drizzle.ts'

const { appUrl } = await createTestDatabase()
const { db, close } = openDatabase({ ...loadConfig(environment(appUrl)).database, poolMax: 2 }, () => {})
afterAll(close)

test('what is put off is done after COMMIT, once, also where the work ran twice', async () => {
  const done: string[] = []
  let tries = 0
  await db.transaction(async (tx) => {
    tries += 1
    afterCommit(tx, () => done.push(`try ${tries}`))
    expect(done).toEqual([])
    if (tries === 1) await tx.execute(sql`DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$`)
  })
  expect(done).toEqual(['try 2'])
})

test('of a transaction that fails nothing is done, nor by the next one on its connection', async () => {
  const done: string[] = []
  const failing = db.transaction(async (tx) => {
    afterCommit(tx, () => done.push('failed'))
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  await db.transaction(async (tx) => void (await tx.execute(sql`SELECT 1`)))
  expect(done).toEqual([])
})

test('two at once do not take each other’s, and without a transaction it is done at once', async () => {
  const done: string[] = []
  const count = (name: string) => async (tx: Tx) => {
    await tx.execute(sql`SELECT pg_sleep(0.01)`)
    afterCommit(tx, () => done.push(name))
  }
  await Promise.all(Array.from({ length: 20 }, (_, turn) => db.transaction(count(`${turn}`))))
  expect(done.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, turn) => turn))
  afterCommit(db, () => done.push('alone'))
  expect(done.at(-1)).toBe('alone')
})
