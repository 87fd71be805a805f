import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { environment } from '../../test/environment.ts'
import { withClient } from '../../tools/create-database.ts'
import { loadConfig } from '../config.ts'
import { openDatabase } from './client.ts'
import { migrate, pendingMigrations } from './migrations.ts'

const files = readdirSync('migrations').sort()
const names = files.filter((file) => file.endsWith('.up.sql')).map((file) => file.replace('.up.sql', ''))

// A line for each thing in the schema. Privileges are taken apart and sorted, since their order tells when they were granted.
const catalogue = `
  WITH acl AS (
    SELECT 'schema ' || nspname AS thing, coalesce(nspacl, acldefault('n', nspowner)) AS acl FROM pg_namespace
      WHERE nspname !~ '^pg_|^information_schema$'
    UNION ALL SELECT 'relation ' || oid::regclass, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
      FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname, attacl FROM pg_attribute WHERE attacl IS NOT NULL AND NOT attisdropped
    UNION ALL SELECT 'function ' || oid::regprocedure, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
      WHERE pronamespace = 'public'::regnamespace
  )
  SELECT format('%s: %s to %s', thing, privilege_type, CASE grantee WHEN 0 THEN 'everyone' ELSE grantee::regrole::text END) AS line
    FROM acl, aclexplode(acl)
  UNION ALL SELECT format('%s %s (%s) of %s%s', CASE relkind WHEN 'r' THEN 'table' ELSE relkind::text END, oid::regclass,
      relpersistence, relowner::regrole, CASE WHEN relrowsecurity THEN ' with row security' END)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'I', 'c')
  UNION ALL SELECT format('column %s.%s %s%s%s%s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod),
      CASE WHEN attnotnull THEN ' not null' END, CASE attgenerated WHEN 's' THEN ' stored' WHEN 'v' THEN ' virtual' END, attidentity,
      pg_get_expr(adbin, adrelid))
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND attnum > 0 AND NOT attisdropped
  UNION ALL SELECT format('constraint %s on %s %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' invalid' END
    FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')
  UNION ALL SELECT format('%s %s', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT format('type %s %s', typname, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = pg_type.oid))
    FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
  UNION ALL SELECT format('view %s %s', oid::regclass, pg_get_viewdef(oid)) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
  UNION ALL SELECT format('policy %s on %s %s %s %s', polname, polrelid::regclass, polcmd,
      pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy
  UNION ALL SELECT format('extension %s', extname) FROM pg_extension
  ORDER BY line`

async function schemaOf(client: pg.Client): Promise<string[]> {
  return (await client.query<{ line: string }>(catalogue)).rows.map(({ line }) => line)
}

/** A schema without migrations, in a database of its own. */
async function emptyDatabase(): Promise<string> {
  const { name, adminUrl, ownerUrl } = await createTestDatabase()
  await withClient(adminUrl, (admin) => admin.query(`CREATE DATABASE ${name}_empty OWNER seaworthy_owner`))
  return `${ownerUrl}_empty`
}

const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})

async function folderWith(migrations: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-migrations-'))
  folders.push(folder)
  for (const [file, text] of Object.entries(migrations)) await writeFile(join(folder, file), text)
  return folder
}

test('every migration has a number of its own, a way up and a way down', () => {
  const numbers = names.map((name) => Number(name.slice(0, 4)))
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1))
  expect(files).toEqual(names.flatMap((name) => [`${name}.down.sql`, `${name}.up.sql`]))
  expect(names.length).toBeGreaterThan(0)
})

test('up, down of everything, and up again gives the schema of the first time', async () => {
  const { ownerUrl: url } = await createTestDatabase()
  await withClient(url, async (client) => {
    const first = await schemaOf(client)
    expect(await migrate({ url, direction: 'down', count: names.length })).toEqual(names.toReversed())
    expect(await schemaOf(client)).not.toEqual(first)
    expect(await migrate({ url, direction: 'up' })).toEqual(names)
    expect(await schemaOf(client)).toEqual(first)
  })
})

test('the way down of each migration takes back what its way up did, and it can go up again', async () => {
  const url = await emptyDatabase()
  expect(await migrate({ url, direction: 'up', count: 0 })).toEqual([])
  await withClient(url, async (client) => {
    for (const name of names) {
      const before = await schemaOf(client)
      expect(await migrate({ url, direction: 'up', count: 1 })).toEqual([name])
      const after = await schemaOf(client)
      expect(after, `${name} does something`).not.toEqual(before)
      expect(await migrate({ url, direction: 'down' })).toEqual([name])
      expect(await schemaOf(client), `down of ${name}`).toEqual(before)
      expect(await migrate({ url, direction: 'up', count: 1 })).toEqual([name])
      expect(await schemaOf(client), `up again of ${name}`).toEqual(after)
    }
  })
})

const { ownerUrl: untouched } = await createTestDatabase()

test.each([
  'ALTER TABLE users ADD COLUMN planted text',
  "ALTER TABLE users ALTER COLUMN name SET DEFAULT 'planted'",
  'ALTER TABLE users ALTER COLUMN name DROP NOT NULL',
  'ALTER TABLE jobs ALTER COLUMN listed_at DROP EXPRESSION',
  'ALTER TABLE jobs DROP CONSTRAINT jobs_slug_shape',
  'DROP INDEX jobs_search',
  'REVOKE DELETE ON jobs FROM seaworthy_app',
  'GRANT UPDATE (name) ON users TO seaworthy_app',
  'GRANT CREATE ON SCHEMA public TO seaworthy_app',
  'GRANT SELECT ON users TO PUBLIC',
  'ALTER TABLE users ENABLE ROW LEVEL SECURITY',
  'CREATE POLICY planted ON users USING (false)',
  'CREATE VIEW planted AS SELECT 1',
  'CREATE SCHEMA planted',
  "CREATE TYPE planted AS ENUM ('a')",
  'CREATE FUNCTION planted() RETURNS integer LANGUAGE sql RETURN 1',
  'CREATE TRIGGER planted BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
])('the comparison of schemas sees %s', async (change) => {
  await withClient(untouched, async (client) => {
    const before = await schemaOf(client)
    await client.query(`BEGIN; ${change}`)
    expect(await schemaOf(client)).not.toEqual(before)
  })
})

test('of two that migrate an empty database at once, each migration is run by one', async () => {
  const url = await emptyDatabase()
  const ran = await Promise.all([migrate({ url, direction: 'up' }), migrate({ url, direction: 'up' })])
  expect(ran.flat().sort()).toEqual(names)
  const { rows } = await withClient(url, (client) => client.query('SELECT name FROM schema_migrations ORDER BY name'))
  expect(rows.map(({ name }) => name)).toEqual(names)
})

const table = { '0001_things.up.sql': 'CREATE TABLE things (n integer)', '0001_things.down.sql': 'DROP TABLE things' }
const index = 'CREATE INDEX CONCURRENTLY things_by_n ON things (n)'
const indexDown = { '0002_index.down.sql': '-- no transaction\nDROP INDEX CONCURRENTLY things_by_n' }

test('a file that starts with "-- no transaction" can build an index beside running writes', async () => {
  const url = await emptyDatabase()
  const dir = await folderWith({ ...table, ...indexDown, '0002_index.up.sql': `-- no transaction\n${index}` })
  expect(await migrate({ url, dir, direction: 'up' })).toEqual(['0001_things', '0002_index'])
  expect(await withClient(url, schemaOf)).toContain('CREATE INDEX things_by_n ON public.things USING btree (n)')
  expect(await migrate({ url, dir, direction: 'down', count: 2 })).toEqual(['0002_index', '0001_things'])
})

test('a file that does not can’t', async () => {
  const url = await emptyDatabase()
  const dir = await folderWith({ ...table, ...indexDown, '0002_index.up.sql': index })
  const said: string[] = []
  const migrated = migrate({ url, dir, direction: 'up', say: (line) => said.push(line) })
  await expect(migrated).rejects.toThrow('CREATE INDEX CONCURRENTLY cannot run inside a transaction block')
  expect(said.join('\n')).toContain(index)
})

test('what a migration does and the record of it are kept together or not at all, and what came before stays', async () => {
  const url = await emptyDatabase()
  // Makes a table, and then the record fails.
  const unrecorded = 'CREATE TABLE lost (n integer); ALTER TABLE schema_migrations DROP COLUMN run_on'
  const dir = await folderWith({ ...table, '0002_lost.up.sql': unrecorded, '0002_lost.down.sql': 'DROP TABLE lost' })
  await expect(migrate({ url, dir, direction: 'up' })).rejects.toThrow('run_on')
  await withClient(url, async (client) => {
    const { rows } = await client.query(
      "SELECT name, to_regclass('lost') AS lost, to_regclass('things') AS things, run_on FROM schema_migrations",
    )
    expect(rows).toEqual([{ name: '0001_things', lost: null, things: 'things', run_on: expect.any(Date) }])
  })
})

test('what the database lacks is named, and what it has beyond is no matter', async () => {
  const { appUrl, ownerUrl } = await createTestDatabase()
  const { db, close } = openDatabase(loadConfig(environment(appUrl)).database, () => {})
  const change = (text: string, name: string | undefined) => withClient(ownerUrl, (owner) => owner.query(text, [name]))
  expect(await pendingMigrations(db)).toEqual([])
  await change('INSERT INTO schema_migrations (name, run_on) VALUES ($1, now())', '9999_of_the_next_release')
  expect(await pendingMigrations(db)).toEqual([])
  await change('DELETE FROM schema_migrations WHERE name = $1', names.at(-1))
  expect(await pendingMigrations(db)).toEqual(names.slice(-1))
  await close()
})
