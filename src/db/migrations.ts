// The schema's versions: plain SQL in migrations/, NNNN_name.up.sql and NNNN_name.down.sql, run by node-pg-migrate under its lock.

import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type MigrationBuilder, type RunnerOption, runner } from 'node-pg-migrate'
import pg from 'pg'
import type { Tx } from './client.ts'
import { sql } from './drizzle.ts'
import { isAway } from './failures.ts'

const folder = resolve(import.meta.dirname, '../../migrations')
const table = 'schema_migrations'

/** How long a migration may wait for a lock of a table, in ms: reads that come later wait behind it, and give up after two seconds. */
const lockTimeout = 1000
/** How often a process asks whether another one has ended its migrations, in ms. */
const askAgain = 200
/** How often the server looks whether this process is still there, in ms: one that was killed lets go of its locks. */
const lookForUs = 1000

type Options = { url: string; direction: 'up' | 'down'; count?: number; say?: (line: string) => void; dir?: string }

/** Runs migrations and answers their names. Of several processes that start at once one runs them, the others wait for it. */
export async function migrate({ url, direction, count, say = () => {}, dir = folder }: Options): Promise<string[]> {
  let current: string | undefined
  const begin = (name: string) => {
    current = name
  }
  const options: RunnerOption = {
    databaseUrl: {
      connectionString: url,
      connectionTimeoutMillis: 5000,
      application_name: 'seaworthy-migrate',
      options: `-c client_connection_check_interval=${lookForUs}`,
    },
    dir: join(dir, '*.up.sql'),
    useGlob: true,
    migrationsTable: table,
    direction,
    count: count ?? (direction === 'up' ? Number.POSITIVE_INFINITY : 1),
    advisoryLockMode: 'fail',
    singleTransaction: false,
    migrationLoaderStrategies: [
      { extensions: ['.sql'], loader: (paths) => Promise.all(paths.map((path) => load(path, begin))) },
    ],
    logger: { info: () => {}, warn: say, error: say, debug: () => {} },
  }
  try {
    const ran = await alone(() => runner(options), say)
    return ran.map(({ name }) => name)
  } catch (error) {
    if (current === undefined) throw neverGotThere(url, error as Error) ?? error
    const { message } = error as Error
    throw new Error(`The migration ${current} failed on its way ${direction}: ${message}`, { cause: error })
  }
}

/**
 * While another process migrates, asks now and then. To wait in the lock would be a statement that is under way, and CREATE INDEX
 * CONCURRENTLY of the other waits for all of those: a deadlock.
 */
async function alone<T>(work: () => Promise<T>, say: (line: string) => void): Promise<T> {
  for (let isTold = false; ; isTold = true) {
    try {
      return await work()
    } catch (error) {
      if (!(error as Error).message.startsWith('Another migration is already running')) throw error
      if (!isTold) say('Another process migrates: waiting for it')
      await delay(askAgain)
    }
  }
}

/** What to tell where the database is away, or takes neither name nor password; undefined where it was something else. */
function neverGotThere(url: string, error: Error & { code?: string; syscall?: string }): Error | undefined {
  const fromServer = error instanceof pg.DatabaseError
  const onTheWay = /^(connect|getaddrinfo|read)$/.test(error.syscall ?? '') || /timeout/.test(error.message)
  if (fromServer ? !isAway(error) : !onTheWay) return undefined
  const { host, pathname } = new URL(url)
  return new Error(
    `PostgreSQL at ${host}${pathname} lets no migration in (${error.message || error.code}). Is it running, and is DATABASE_OWNER_URL right?`,
    { cause: error },
  )
}

// The library's own loaders would run a down file as a migration, or wrap CREATE INDEX CONCURRENTLY in a transaction.
async function load(path: string, begin: (name: string) => void) {
  const [up, down] = await Promise.all([
    readFile(path, 'utf8'),
    readFile(path.replace(/\.up\.sql$/, '.down.sql'), 'utf8'),
  ])
  const action = (text: string) => (pgm: MigrationBuilder) => {
    begin(migrationName(path))
    if (text.startsWith('-- no transaction')) pgm.noTransaction()
    // Not for the connection: waiting for another replica that migrates is no fault.
    else pgm.sql(`SET LOCAL lock_timeout = ${lockTimeout}`)
    pgm.sql(text)
  }
  return {
    id: join(dirname(path), migrationName(path)),
    filePaths: [path],
    actions: { up: action(up), down: action(down) },
  }
}

const migrationName = (path: string) => basename(path, '.up.sql')

const known = readdirSync(folder)
  .filter((file) => file.endsWith('.up.sql'))
  .map(migrationName)
  .sort()

/** The migrations that this code needs and the database lacks. A database that is ahead is fine: the previous release runs on it. */
export async function pendingMigrations(db: Tx): Promise<string[]> {
  const { rows } = await db.execute<{ name: string }>(sql`SELECT name FROM schema_migrations`)
  const applied = new Set(rows.map(({ name }) => name))
  return known.filter((name) => !applied.has(name))
}
