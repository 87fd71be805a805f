// What `npm run seed` makes: the same rows each time, sound books, people who can sign in, and a schema like any other.
import process from 'node:process'
import { beforeAll, expect, test } from 'vitest'
import { withClient } from '../tools/create-database.ts'
import { jobIdOf, personOf, seedPassword } from '../tools/seed/names.ts'
import { seedDatabase } from '../tools/seed.ts'
import { buildTestApp } from './app.ts'
import { createTestDatabase } from './database.ts'
import { run } from './run.ts'

const jobs = 300
const until = new Date('2026-11-01T00:00:00Z')
const { services, call, database } = await buildTestApp()
const twin = await createTestDatabase()
const empty = await createTestDatabase()
let counts: Record<string, number>

beforeAll(async () => {
  counts = await seedDatabase({ url: database.ownerUrl, jobs, until })
  await seedDatabase({ url: twin.ownerUrl, jobs, until })
}, 60_000)

test('each table has what a market of that size has', async () => {
  expect(counts).toMatchObject({ jobs, users: 60, applications: 3 * jobs, audit_log: expect.any(Number) })
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(10)
  const [seen] = await rowsOf(
    database.ownerUrl,
    "SELECT count(*)::int AS jobs, count(*) FILTER (WHERE status = 'closed')::int AS closed, count(DISTINCT category)::int AS categories FROM jobs",
  )
  expect(seen).toMatchObject({ jobs, categories: 7 })
  expect(Number(seen?.closed)).toBeGreaterThan(jobs / 2)
})

test('the same size at the same moment gives the same rows', async () => {
  const one = await digests(database.ownerUrl)
  expect(Object.keys(one)).toEqual(Object.keys(counts).sort())
  expect(await digests(twin.ownerUrl)).toEqual(one)
})

test('the schema is the migrated one', async () => {
  expect(await schemaOf(database.ownerUrl)).toEqual(await schemaOf(empty.ownerUrl))
})

test('the books add up', async () => {
  const { verdicts, isSound } = await services.ledgerVerification.verify()
  expect([isSound, verdicts.filter(({ found }) => found > 0)]).toEqual([true, []])
})

test('everyone can sign in, at the cost of hashing that is configured, and reads what is theirs', async () => {
  const { id, email } = personOf(2)
  const answer = await call('POST', '/v1/auth/login', { body: { email, password: seedPassword } })
  expect(answer.statusCode).toBe(200)
  const me = await call('GET', '/v1/me', { as: { token: answer.json().accessToken } })
  expect(me.json()).toMatchObject({ id, email, role: 'client' })
  const [first] = await rowsOf(database.ownerUrl, "SELECT id FROM jobs WHERE status = 'open' ORDER BY id LIMIT 1")
  expect((await call('GET', `/v1/jobs/${first?.id}`)).statusCode).toBe(200)
  const [hashes] = await rowsOf(database.ownerUrl, 'SELECT count(DISTINCT password_hash)::int AS count FROM users')
  expect(hashes).toEqual({ count: 1 })
})

test('jobs and people are where their numbers say', async () => {
  const [last] = await rowsOf(database.ownerUrl, 'SELECT max(id::text) AS id FROM jobs')
  expect(last?.id).toBe(jobIdOf(jobs - 1))
  expect([0, 1, 2, 3].map((number) => personOf(number).role)).toEqual(['admin', 'support', 'client', 'worker'])
})

test('a database that has jobs is refused, and so is another machine', async () => {
  await expect(seedDatabase({ url: database.ownerUrl, jobs })).rejects.toThrow('create another one')
  await expect(seedDatabase({ url: empty.ownerUrl, jobs: 3 })).rejects.toThrow('from 50 to')
  const far = await seed('--jobs', '300', '--url', 'postgres://owner@db.example.com/market')
  expect([far.code, far.stderr]).toEqual([2, expect.stringContaining('say --anywhere')])
  const nowhere = await seed('--jobs', '300')
  expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('DATABASE_OWNER_URL')])
}, 30_000)

const seed = (...args: string[]) =>
  run(process.execPath, ['tools/seed.ts', ...args], { env: { PATH: process.env.PATH } })

const rowsOf = (url: string, text: string): Promise<Record<string, unknown>[]> =>
  withClient(url, async (owner) => (await owner.query(text)).rows)

/** A hash over all rows of each table that was filled. What the database itself counts on is left out: its transactions. */
async function digests(url: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const table of Object.keys(counts).sort()) {
    const [row] = await rowsOf(
      url,
      `SELECT count(*)::int, md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
         SELECT (to_jsonb(one) - 'txid')::text AS line FROM ${table} AS one
       ) AS lines`,
    )
    found[table] = row
  }
  return found
}

/** Indexes, constraints, triggers and columns, each as PostgreSQL defines it, with whether it is valid and on. */
function schemaOf(url: string) {
  return rowsOf(
    url,
    `SELECT 'index' AS what, indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS is, indisvalid::text AS state
     FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
     UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid), convalidated::text || conenforced
     FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid), tgenabled::text
     FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL SELECT 'column', table_name || '.' || column_name, data_type, is_nullable || coalesce(column_default, '')
     FROM information_schema.columns WHERE table_schema = 'public'
     UNION ALL SELECT 'right', table_name || '.' || grantee, privilege_type, is_grantable
     FROM information_schema.table_privileges WHERE table_schema = 'public'
     ORDER BY 1, 2, 3`,
  )
}
