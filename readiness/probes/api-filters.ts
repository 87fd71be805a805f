// API-05: what narrows, sorts and searches the job list, held against rows whose members are known here, and by which index.
import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { type Evidence, red, type StateChange } from '../control.ts'
import { insertJobs, type Jobs } from './api-rows.ts'
import { operations, pathOf } from './routes-table.ts'

type Job = { id: string; title: string; budget: { amount: number }; publishedAt: string }
type Row = Required<Pick<Jobs, 'status' | 'category' | 'skills' | 'budget' | 'title' | 'hours'>>

const row = (changes: Partial<Row>): Row => ({
  ...{ status: 'open', category: 'other', skills: ['painting'], budget: 500, title: 'Paint a pier', hours: 0 },
  ...changes,
})
const rows = [
  row({ budget: 100, hours: 1 }),
  row({ category: 'design', budget: 900, hours: 2 }),
  row({ category: 'design', skills: ['c++', 'diving'], budget: 300, hours: 3 }),
  row({ skills: ['diving'], budget: 700, hours: 4 }),
  row({ title: 'Sail makers wanted', budget: 200, hours: 5 }),
  row({ title: 'Mend the sails of a ship', category: 'design', budget: 800, hours: 6 }),
  row({ status: 'closed', category: 'design', budget: 600, hours: 7 }),
  row({ status: 'draft', budget: 400, hours: 8 }),
]
const open = (...wanted: ((each: Row) => boolean)[]) =>
  rows.filter((each) => each.status === 'open' && wanted.every((is) => is(each)))

/** A query, and the rows that it should answer. Budgets name them: each has its own. */
const filters: [query: string, expected: Row[]][] = [
  ['', open()],
  ['category=design', open(({ category }) => category === 'design')],
  ['skill=diving', open(({ skills }) => skills.includes('diving'))],
  ['skill=c%2B%2B', open(({ skills }) => skills.includes('c++'))],
  ['minBudget=700', open(({ budget }) => budget >= 700)],
  ['maxBudget=300', open(({ budget }) => budget <= 300)],
  ['minBudget=200&maxBudget=300', open(({ budget }) => budget >= 200 && budget <= 300)],
  ['status=closed', rows.filter(({ status }) => status === 'closed')],
  ['status=draft', rows.filter(({ status }) => status === 'draft')],
  ['category=design&skill=diving', open(({ category, skills }) => category === 'design' && skills.includes('diving'))],
]
const searches: [query: string, expected: Row[]][] = [
  ['q=sailing', open(({ title }) => /sail/i.test(title))],
  ['q=sail%20-ship', open(({ title }) => /sail/i.test(title) && !/ship/.test(title))],
  ['q=%22sail%20makers%22', open(({ title }) => title.startsWith('Sail makers'))],
  ['q=pier%20or%20ship', open(({ title }) => /pier|ship/.test(title))],
  ['q=harbour', []],
  [`q=${encodeURIComponent("'; DROP TABLE jobs; -- & | ! (")}`, []],
]
const orders: Record<string, (each: Job) => number> = {
  newest: ({ publishedAt }) => -Date.parse(publishedAt),
  oldest: ({ publishedAt }) => Date.parse(publishedAt),
  'highest-budget': ({ budget }) => -budget.amount,
  'lowest-budget': ({ budget }) => budget.amount,
}

export async function listsAreNarrowedByIndex(context: Context): Promise<Evidence> {
  const [client, other] = await Promise.all([context.api.as('client'), context.api.as('client')])
  for (const each of rows) await insertJobs(context.sql, { ...each, clientId: client.id, count: 1 })
  await insertJobs(context.sql, { clientId: other.id, count: 1, budget: 12, category: 'design' })
  await eachNarrows(client)
  await eachSorts(client)
  const refused = await nothingElseIsTaken(context)
  const scans = await noneReadsTheWholeTable(context, client)
  return { filters: filters.length, searches: searches.length, orders: Object.keys(orders), refused, ...scans }
}

async function jobsOf({ call }: Person, query: string): Promise<Job[]> {
  const answer = await call('GET', `/v1/jobs?${query}`)
  return answer.status === 200 ? answer.json<{ data: Job[] }>().data : red('list-refused', `${query}: ${answer.text}`)
}

async function eachNarrows(client: Person): Promise<void> {
  for (const [reason, cases] of [
    ['filter-ignored', filters],
    ['word-not-found', searches],
  ] as const) {
    for (const [query, expected] of cases) {
      const found = (await jobsOf(client, `clientId=${client.id}&${query}`)).map(({ budget }) => budget.amount)
      const wanted = expected.map(({ budget }) => budget)
      if (`${found.sort()}` !== `${wanted.sort()}`) red(reason, `${query}: ${found} in place of ${wanted}`)
    }
  }
}

async function eachSorts(client: Person): Promise<void> {
  for (const [sort, keyOf] of Object.entries(orders)) {
    const keys = (await jobsOf(client, `clientId=${client.id}&sort=${sort}`)).map(keyOf)
    if (keys.length < 2 || keys.some((key, at) => at > 0 && key < (keys[at - 1] ?? key))) red('not-sorted', sort)
  }
}

/** Answers how many queries were refused. */
async function nothingElseIsTaken({ api }: Context): Promise<number> {
  const people = { client: await api.as('client'), worker: await api.as('worker'), admin: await api.as('admin') }
  const words = ['title', 'cheapest', 'createdAt', '-newest', 'newest,oldest', 'id; DROP TABLE jobs']
  const queries = [
    ...words.map((word) => ['unlisted-order-taken', `/v1/jobs?sort=${encodeURIComponent(word)}`] as const),
    ...['category=sailing', 'status=deleted', 'minBudget=-1', 'minBudget=ten', 'skill=', 'clientId=me', 'q='].map(
      (query) => ['unlisted-value-taken', `/v1/jobs?${query}`] as const,
    ),
    ...operations
      .filter(({ id }) => id.startsWith('list'))
      .map((operation) => ['unknown-filter-taken', `${pathOf(operation)}?colour=red`] as const),
  ]
  for (const [reason, path] of queries) {
    const ofStaff = path.startsWith('/v1/admin/') && people.admin
    const { call } = ofStaff || (path.startsWith('/v1/me/applications') ? people.worker : people.client)
    const { status } = await call('GET', path)
    if (status !== 400) red(reason, `${path}: ${status}`)
  }
  return queries.length
}

/** Thousands of rows, of which each filter has few: a planner that has an index for it takes it. */
async function noneReadsTheWholeTable(context: Context, client: Person) {
  const { api, sql } = context
  const [crowd, few] = [await api.as('client'), await api.as('client')]
  const word = `w${randomUUID().replaceAll('-', '')}`
  const many = { clientId: crowd.id, description: 'Red and white. '.repeat(20) }
  for (const hours of [-3, -2, -1]) await insertJobs(sql, { ...many, count: 1000, hours, budget: 5000 + hours })
  await insertJobs(sql, { ...many, count: 1000, status: 'closed' })
  await insertJobs(sql, { ...many, count: 1000, status: 'draft' })
  const rare = { category: 'writing', skills: [word], title: `Find the ${word}`, budget: 77 }
  await insertJobs(sql, { ...many, ...rare, clientId: few.id, count: 3 })
  await sql.owner('ANALYZE jobs')

  const sorts = Object.keys(orders).map((sort) => `sort=${sort}`)
  const queries = [
    ...sorts,
    ...sorts.map((sort) => `status=closed&${sort}`),
    ...['category=writing', 'category=other', `skill=${word}`, `q=${word}`, 'minBudget=70&maxBudget=80'],
    ...[
      `clientId=${few.id}`,
      `clientId=${client.id}&status=draft`,
      'status=draft',
      `category=writing&q=${word}&skill=${word}`,
    ],
  ]
  const used = new Set<string>()
  const scans = scansOf(await sql.session('admin'))
  let before = await scans()
  for (const query of queries) {
    // Its connections were ended a moment ago: the first call may still meet one.
    await context.until('list-refused', async () => (await client.call('GET', `/v1/jobs?${query}`)).status === 200)
    const after = await scans()
    // All open jobs by an index that is about something else are as bad.
    const rows = after.rows - before.rows
    if (after.whole > before.whole || rows > 2500) red('read-whole-table', `${query}: ${rows} rows by an index`)
    const indexes = Object.keys(after.indexes).filter(
      (name) => (after.indexes[name] ?? 0) > (before.indexes[name] ?? 0),
    )
    if (indexes.length === 0) red('no-index-seen', query)
    for (const name of indexes) used.add(name)
    before = after
  }
  return { queriesByIndex: queries.length, indexes: [...used].sort() }
}

/** What the table has been through. A connection tells its part when it ends, so those of the service are ended first. */
const scansOf = (admin: Client) => async () => {
  await admin.query(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'seaworthy'`)
  const table = await admin.query(
    `SELECT seq_scan AS whole, idx_tup_fetch AS rows FROM pg_stat_user_tables WHERE relname = 'jobs'`,
  )
  const indexes = await admin.query<{ name: string; scans: string }>(
    `SELECT indexrelname AS name, idx_scan AS scans FROM pg_stat_user_indexes WHERE relname = 'jobs'`,
  )
  const counts = indexes.rows.map(({ name, scans }) => [name, Number(scans)] as const)
  const { whole, rows } = table.rows[0] ?? {}
  return { whole: Number(whole), rows: Number(rows), indexes: Object.fromEntries(counts) }
}

/** `definition` is what follows its name. */
export const withoutIndex = (name: string, definition: string): StateChange => ({
  look: ({ sql }) =>
    sql.owner(`SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'jobs' ORDER BY indexname`),
  apply: ({ sql }) => sql.owner(`DROP INDEX ${name}`),
  undo: ({ sql }) => sql.owner(`CREATE INDEX ${name} ${definition}`),
})
