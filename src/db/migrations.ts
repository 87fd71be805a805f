// The schema's versions: plain SQL in migrations/, NNNN_name.up.sql and NNNN_name.down.sql, run by node-pg-migrate under its lock.

import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type MigrationBuilder, type RunnerOption, runner } from 'node-pg-migrate'
import type { Tx } from './client.ts'
import { sql } from './drizzle.ts'

const folder = resolve(import.meta.dirname, '../../migrations')
const table = 'schema_migrations'

type Options = { url: string; direction: 'up' | 'down'; count?: number; say?: (line: string) => void; dir?: string }

/** Runs migrations and answers their names. Of several processes that start at once one runs them, the others wait for it. */
export async function migrate({ url, direction, count, say = () => {}, dir = folder }: Options): Promise<string[]> {
  const options: RunnerOption = {
    databaseUrl: { connectionString: url, connectionTimeoutMillis: 5000, application_name: 'seaworthy-migrate' },
    dir: join(dir, '*.up.sql'),
    useGlob: true,
    migrationsTable: table,
    direction,
    count: count ?? (direction === 'up' ? Number.POSITIVE_INFINITY : 1),
    advisoryLockMode: 'wait',
    singleTransaction: false,
    migrationLoaderStrategies: [{ extensions: ['.sql'], loader: (paths) => Promise.all(paths.map(load)) }],
    logger: { info: () => {}, warn: say, error: say, debug: () => {} },
  }
  const ran = await runner(options)
  return ran.map(({ name }) => name)
}

// The library's own loaders would run a down file as a migration, or wrap CREATE INDEX CONCURRENTLY in a transaction.
async function load(path: string) {
  const [up, down] = await Promise.all([
    readFile(path, 'utf8'),
    readFile(path.replace(/\.up\.sql$/, '.down.sql'), 'utf8'),
  ])
  const action = (text: string) => (pgm: MigrationBuilder) => {
    if (text.startsWith('-- no transaction')) pgm.noTransaction()
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
