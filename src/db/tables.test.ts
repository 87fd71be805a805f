import type pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { withClient } from '../../tools/create-database.ts'
import { getTableConfig, PgTable } from './drizzle.ts'
import * as tables from './tables.ts'

/** A line for each column of drizzle's tables. */
const described = Object.values(tables)
  .flatMap((table) => (table instanceof PgTable ? [getTableConfig(table)] : []))
  .flatMap(({ name, columns }) =>
    columns.map((column) =>
      line(name, {
        name: column.name,
        type: column.getSQLType(),
        required: column.notNull,
        generated: column.generated !== undefined,
        filled: column.hasDefault && column.generated === undefined,
      }),
    ),
  )
  .sort()

/** The same lines of the tables that a database has. */
async function migrated(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(`
    SELECT relname AS table, attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required,
      attgenerated <> '' AS generated, (atthasdef AND attgenerated = '') OR attidentity <> '' AS filled
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'schema_migrations'
      AND attnum > 0 AND NOT attisdropped`)
  return rows.map(({ table, ...column }) => line(table, column)).sort()
}

type Column = { name: string; type: string; required: boolean; generated: boolean; filled: boolean }

function line(table: string, { name, type, required, generated, filled }: Column): string {
  const traits = [required && 'required', generated && 'generated', filled && 'with a default'].filter(Boolean)
  return [`${table}.${name}`, type, ...traits].join(', ')
}

const { ownerUrl } = await createTestDatabase()

test('the tables of the code are those of the migrated database, column by column', async () => {
  const columns = await withClient(ownerUrl, migrated)
  expect(columns.length).toBeGreaterThan(20)
  expect(described).toEqual(columns)
})

test.each([
  'CREATE TABLE planted (n integer)',
  'DROP TABLE jobs CASCADE',
  'ALTER TABLE jobs RENAME TO job',
  'ALTER TABLE users ADD COLUMN planted text',
  'ALTER TABLE users DROP COLUMN name',
  'ALTER TABLE users RENAME COLUMN name TO full_name',
  'ALTER TABLE jobs ALTER COLUMN budget_amount TYPE integer',
  'ALTER TABLE jobs ALTER COLUMN closed_at TYPE timestamptz(6)',
  'ALTER TABLE jobs ALTER COLUMN skills TYPE varchar[]',
  'ALTER TABLE jobs DROP COLUMN search',
  'ALTER TABLE users ALTER COLUMN name DROP NOT NULL',
  'ALTER TABLE users ALTER COLUMN version DROP DEFAULT',
  'ALTER TABLE users ALTER COLUMN name SET DEFAULT $$nobody$$',
  'ALTER TABLE jobs ALTER COLUMN listed_at DROP EXPRESSION',
])('a difference is noticed: %s', async (change) => {
  await withClient(ownerUrl, async (client) => {
    await client.query(`BEGIN; ${change}`)
    expect(await migrated(client)).not.toEqual(described)
  })
})
