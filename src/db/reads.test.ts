// What the rules are is shown here, with a real standby; that nobody reads what is too old for them shows control SCA-04.
import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { openStandbyPostgres } from '../../tools/standby-postgres.ts'
import { createMetrics } from '../lib/metrics.ts'
import { databaseChecks } from './checks.ts'
import { openDatabase } from './client.ts'
import { sql } from './drizzle.ts'
import { createReads } from './reads.ts'

const { appUrl, adminUrl } = await createTestDatabase()
const server = await openStandbyPostgres(adminUrl)
const limits = {
  ...{ poolMax: 2, connectTimeout: 10_000, statementTimeout: 10_000, lockTimeout: 2000 },
  ...{ idleTransactionTimeout: 10_000, connectionLifetime: 60_000 },
}
const open = (url: string, readOnly = false) => openDatabase({ ...limits, url, readOnly }, () => {})
const primary = open(appUrl)
const standby = open(appUrl.replace(/@[^/]+/, `@${server.host}`), true)
afterAll(async () => {
  await Promise.all([primary.close(), standby.close()])
  await server.close()
})

let away = false
const metrics = createMetrics()
const reads = createReads({
  ...{ db: primary.db, send: primary.send, metrics },
  standby: { ...standby, bound: 60_000 },
  isPrimaryAway: () => away,
})
const checks = databaseChecks(primary.db, reads.standby)
const look = async (name: string) => checks.find((check) => check.name === name)?.check()
const lookAtBoth = async () => {
  await look('postgres')
  await look('standby')
}
const whoAnswers = async (from: ReturnType<typeof reads.recent>) => {
  const { rows } = await from.execute<{ follows: boolean }>(sql`SELECT pg_is_in_recovery() AS follows`)
  return rows[0]?.follows ? 'standby' : 'primary'
}

test('a standby of which nothing is known yet is not asked', async () => {
  expect(await whoAnswers(reads.recent())).toBe('primary')
  away = true
  expect(await whoAnswers(reads.newest)).toBe('primary')
  away = false
})

test('what may be a little old comes from the standby, unless its reader wrote lately', async () => {
  await expect.poll(lookAtBoth, { timeout: 20_000 }).toBeUndefined()
  expect(await whoAnswers(reads.recent())).toBe('standby')
  expect(await whoAnswers(reads.recent({}))).toBe('standby')
  expect(await whoAnswers(reads.recent({ wroteLately: true }))).toBe('primary')
  expect(await whoAnswers(reads.newest)).toBe('primary')
})

test('while the primary is away the standby answers all, and counts what may lack the last writes', async () => {
  const before = reads.stoodIn()
  away = true
  expect(await whoAnswers(reads.newest)).toBe('standby')
  expect(await whoAnswers(reads.recent({ wroteLately: true }))).toBe('standby')
  expect(reads.stoodIn()).toBe(before + 2)
  away = false
})

test('what the standby refuses the primary does', async () => {
  // A number for a transaction is a write.
  const { rows } = await reads.recent().execute<{ id: string }>(sql`SELECT pg_current_xact_id()::text AS id`)
  expect(rows).toHaveLength(1)
})

test('one that takes writes follows no primary, and is not asked', async () => {
  const alone = createReads({
    ...{ db: primary.db, send: primary.send, metrics: createMetrics() },
    standby: { ...primary, bound: 60_000 },
    isPrimaryAway: () => false,
  })
  const [check] = databaseChecks(primary.db, alone.standby).filter(({ name }) => name === 'standby')
  await expect(check?.check()).rejects.toThrow('it follows no primary')
  expect(await whoAnswers(alone.recent())).toBe('primary')
})
