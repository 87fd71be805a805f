import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { environment } from '../../test/environment.ts'
import { withClient } from '../../tools/create-database.ts'
import { loadConfig } from '../config.ts'
import { createSeal } from '../lib/seal.ts'
import { openDatabase } from './client.ts'
import { resealColumn, sealedColumns } from './reseal.ts'

const { appUrl, ownerUrl } = await createTestDatabase()
const { db, close } = openDatabase(loadConfig(environment(appUrl)).database, () => {})
afterAll(close)

const key = (name: string) => `${name}:${randomBytes(32).toString('base64')}`
const [oldKey, newKey] = [key('old'), key('new')]
const [old, both, fresh] = [createSeal(oldKey), createSeal(`${newKey},${oldKey}`), createSeal(newKey)]
const asOwner = <T extends object>(text: string, values: unknown[] = []) =>
  withClient(ownerUrl, async (client) => (await client.query<T>(text, values)).rows)
const [totp] = sealedColumns
/** As long as the seed of a second factor. */
const seed = Buffer.alloc(20, 'seed')

async function addUsers(count: number, makeSeal = old): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID())
  await asOwner(
    `INSERT INTO users (id, email, name, role, password_hash)
     SELECT id, id || '@example.com', 'Ada', 'client', '$argon2id$' FROM unnest($1::uuid[]) AS id`,
    [ids],
  )
  const seals = ids.map((id) => makeSeal.seal(seed, `totp:${id}`))
  await asOwner('INSERT INTO totp (user_id, sealed_seed) SELECT * FROM unnest($1::uuid[], $2::text[])', [ids, seals])
  return ids
}

test('all that an older key sealed is sealed anew, in batches, and the older key can go', async () => {
  const ids = await addUsers(1001)
  expect(await resealColumn(db, both, totp)).toBe(1001)
  const rows = await asOwner<{ user_id: string; sealed_seed: string }>('SELECT user_id, sealed_seed FROM totp')
  expect(rows).toHaveLength(ids.length)
  expect(rows.every((row) => fresh.open(row.sealed_seed, `totp:${row.user_id}`).equals(seed))).toBe(true)
  expect(await resealColumn(db, both, totp)).toBe(0)
})

test('what no key opens stops it, and nothing is lost', async () => {
  const [id] = await addUsers(1, createSeal(key('lost')))
  await expect(resealColumn(db, both, totp)).rejects.toThrow('not among ENCRYPTION_KEYS')
  const [row] = await asOwner<{ sealed_seed: string }>('SELECT sealed_seed FROM totp WHERE user_id = $1', [id])
  expect(row?.sealed_seed).toMatch(/^lost\./)
  await asOwner('DELETE FROM totp WHERE user_id = $1', [id])
})

test.each(sealedColumns)('the service may seal $table.$column anew', async (place) => {
  await expect(resealColumn(db, both, place)).resolves.toBe(0)
  await expect(
    withClient(appUrl, (client) => client.query(`UPDATE ${place.table} SET ${place.column} = ${place.column}`)),
  ).resolves.toBeDefined()
})

test('no column that holds sealed text is left out, by its name', async () => {
  const rows = await asOwner<{ place: string }>(
    `SELECT table_name || '.' || column_name AS place FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name ~ '^sealed' AND data_type = 'text' ORDER BY 1`,
  )
  expect(rows.map(({ place }) => place)).toEqual(sealedColumns.map(({ table, column }) => `${table}.${column}`).sort())
})
