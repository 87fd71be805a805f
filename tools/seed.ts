// `npm run seed -- --jobs N [--url postgres://…] [--until 2026-11-01] [--anywhere]`: fills an empty, migrated database with N jobs and
// what goes with them: N/5 people, 3 N applications, contracts with their money, reviews, notifications. The same N and --until give
// the same rows; --until is the moment at which the market stands, by default the last midnight (UTC). The URL is the owner's, by
// default DATABASE_OWNER_URL. Everyone has the demo's password, so that a host that is not loopback is refused unless --anywhere.
// Nobody else may use the database meanwhile. When it fails, the database is as empty as before.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { hash } from '@node-rs/argon2'
import type pg from 'pg'
import { Value } from 'typebox/value'
import { Environment } from '../src/environment.schemas.ts'
import { withClient } from './create-database.ts'
import { createAccounts } from './seed/accounts.ts'
import { undress } from './seed/bare.ts'
import { copyRows, type Rows } from './seed/copy.ts'
import { accountRows, contractRows, entryRows, paymentRows, reviewRows, transferRows } from './seed/deals.rows.ts'
import { createDeals } from './seed/deals.ts'
import { auditRows, countRows, inboxRows, notificationRows, outboxRows } from './seed/events.rows.ts'
import { createEvents } from './seed/events.ts'
import { applicationRows, jobRows, peopleRows, sessionRows } from './seed/market.rows.ts'
import { createMarket } from './seed/market.ts'
import { seedPassword } from './seed/names.ts'

const usage = 'npm run seed -- --jobs N [--url postgres://OWNER@HOST/DATABASE] [--until 2026-11-01] [--anywhere]'
const [least, most, day] = [50, 5_000_000, 86_400_000]
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** What is wrong with how it was called, or with the database that it was given. */
export class SeedRefused extends Error {}

type Options = { url: string; jobs: number; say?: (line: string) => void; until?: Date }

/** Answers how many rows each table got. `url` is the owner's. Throws SeedRefused for a database that has jobs or people already. */
export async function seedDatabase({
  url,
  jobs,
  say = () => {},
  until = lastMidnight(),
}: Options): Promise<Record<string, number>> {
  if (!Number.isInteger(jobs) || jobs < least || jobs > most)
    throw new SeedRefused(`--jobs is a whole number from ${least} to ${most}`)
  return withClient(url, async (client) => {
    await refuseUnlessEmpty(client)
    const timed = timer(say)
    const counts = await inOneTransaction(client, () => fill(client, jobs, until.getTime(), timed))
    // Outside of a transaction, since VACUUM has to be: it marks what everyone sees, so that no first reader pays for that.
    await timed('statistics', () => client.query('VACUUM (ANALYZE)'))
    return counts
  })
}

type Timed = ReturnType<typeof timer>

async function fill(client: pg.Client, jobs: number, until: number, timed: Timed): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const told = new Map<string, number>()
  const passwordHash = await hashOf(seedPassword)
  const { market, deals, accounts, events } = await timed('decided', async () => {
    const market = createMarket(jobs, until)
    const deals = createDeals(market)
    return { market, deals, accounts: createAccounts(deals), events: createEvents(market, deals) }
  })
  const schema = await undress(client)
  const tables: Rows[] = [
    ...[peopleRows(market, passwordHash), sessionRows(market), jobRows(market), applicationRows(market)],
    ...[contractRows(deals), paymentRows(deals), reviewRows(deals, until)],
    ...[accountRows(accounts.values(), until), transferRows(deals), entryRows(deals, accounts)],
    ...[
      outboxRows(events),
      inboxRows(events),
      notificationRows(events, until, told),
      countRows(told),
      auditRows(market),
    ],
  ]
  for (const rows of tables) counts[rows.table] = await timed(rows.table, () => copyRows(client, rows))
  await timed('indexes and keys', schema.dressUp)
  return counts
}

async function refuseUnlessEmpty(client: pg.Client): Promise<void> {
  const { rows } = await client.query('SELECT EXISTS (SELECT FROM jobs) OR EXISTS (SELECT FROM users) AS used')
  if (rows[0]?.used)
    throw new SeedRefused(
      'The database has jobs or people already: create another one, run npm run migrate, and seed that',
    )
}

async function inOneTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN')
  try {
    // Whoever uses the tables is not waited for, and more memory sorts what indexes are made of.
    await client.query("SET LOCAL lock_timeout = '5s'")
    await client.query("SET LOCAL maintenance_work_mem = '512MB'")
    const done = await work()
    await client.query('COMMIT')
    return done
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

/** At the cost that the service asks for, or the first sign-in would hash it anew. The salt is always the same, as the rows are. */
function hashOf(password: string): Promise<string> {
  const { ARGON2_MEMORY_KIB, ARGON2_PASSES } = Environment.properties
  const memoryCost = Number(process.env.ARGON2_MEMORY_KIB || Value.Create(ARGON2_MEMORY_KIB))
  const timeCost = Number(process.env.ARGON2_PASSES || Value.Create(ARGON2_PASSES))
  return hash(password, { memoryCost, timeCost, parallelism: 1, salt: Buffer.alloc(16, 'seed') })
}

function timer(say: (line: string) => void) {
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const begun = performance.now()
    const done = await work()
    const rows = typeof done === 'number' ? done.toLocaleString('en') : ''
    say(`${name.padEnd(20)} ${rows.padStart(12)}  ${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s`)
    return done
  }
}

const lastMidnight = () => new Date(Math.floor(Date.now() / day) * day)

function readOptions(): Options {
  const options = {
    jobs: { type: 'string' },
    url: { type: 'string' },
    until: { type: 'string' },
    anywhere: { type: 'boolean' },
  } as const
  const { jobs, url = process.env.DATABASE_OWNER_URL, until, anywhere } = parseArgs({ options }).values
  if (!url || !URL.canParse(url))
    throw new SeedRefused('Say --url, or set DATABASE_OWNER_URL: the URL of the owner of the schema')
  const { hostname } = new URL(url)
  if (!anywhere && !loopback.test(hostname))
    throw new SeedRefused(
      `${hostname} is another machine, and everyone who is seeded has a known password: say --anywhere if you mean it`,
    )
  const moment = until === undefined ? lastMidnight() : new Date(until)
  if (Number.isNaN(moment.getTime())) throw new SeedRefused(`--until is a time such as 2026-11-01, not ${until}`)
  return { url, jobs: Number(jobs), until: moment, say: console.log }
}

if (import.meta.main) {
  try {
    const begun = performance.now()
    await seedDatabase(readOptions())
    console.log(
      `Seeded in ${((performance.now() - begun) / 1000).toFixed(0)} s. Everyone signs in with ${seedPassword}, such as client-2@seed.example.`,
    )
  } catch (error) {
    const isUsage = error instanceof SeedRefused || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
    console.error(isUsage ? `${(error as Error).message}\n${usage}` : error)
    process.exitCode = isUsage ? 2 : 1
  }
}
