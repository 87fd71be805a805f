// What a schema is, as lines: those of the database before and after each migration, and those of the tables that the code maps.
import { globSync } from 'node:fs'
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'

// Privileges are taken apart: their order in the catalogue tells only when they were granted.
const snapshot = `
  WITH relation AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace),
  granted (thing, acl) AS (
    SELECT 'schema ' || nspname, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
      WHERE nspname !~ '^(pg_|information_schema)'
    UNION ALL SELECT oid::regclass::text, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner))
      FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL SELECT attrelid::regclass || '.' || attname, attacl FROM pg_attribute WHERE attacl IS NOT NULL
    UNION ALL SELECT oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
      WHERE pronamespace = 'public'::regnamespace
  )
  SELECT concat_ws(' ', 'grant', thing, privilege_type, grantee::regrole) AS line FROM granted, aclexplode(acl)
  UNION SELECT concat_ws(' ', relkind, oid::regclass, relpersistence, relowner::regrole, relrowsecurity) FROM relation WHERE relkind <> 'i'
  UNION SELECT concat_ws(' ', 'column', relname, attname, format_type(atttypid, atttypmod), attnotnull, attgenerated, attidentity,
      pg_get_expr(adbin, adrelid))
    FROM relation JOIN pg_attribute ON attrelid = relation.oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relkind IN ('r', 'p', 'v', 'm') AND attnum > 0 AND NOT attisdropped
  UNION SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
  UNION SELECT concat_ws(' ', pg_get_indexdef(oid), indisvalid) FROM relation JOIN pg_index ON indexrelid = oid
  UNION SELECT concat_ws(' ', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')
  UNION SELECT concat_ws(' ', 'view', oid::regclass, pg_get_viewdef(oid)) FROM relation WHERE relkind IN ('v', 'm')
  UNION SELECT concat_ws(' ', 'type', typname, typtype, enumlabel) FROM pg_type LEFT JOIN pg_enum ON enumtypid = pg_type.oid
    WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
  UNION SELECT concat_ws(' ', 'policy', polrelid::regclass, polname, polcmd, pg_get_expr(polqual, polrelid)) FROM pg_policy
  UNION SELECT concat_ws(' ', 'extension', extname) FROM pg_extension
  ORDER BY line`

// One process for all steps: a door for each would cost half a second a step.
const walk = `
  import { readdirSync } from 'node:fs'
  import pg from 'pg'
  import { migrate } from './src/db/migrations.ts'
  const { DATABASE_OWNER_URL: url, SNAPSHOT: query } = process.env
  const client = new pg.Client(url)
  await client.connect()
  const look = async () => (await client.query(query)).rows.map(({ line }) => line)
  await migrate({ url, direction: 'up', count: 0 })
  for (const name of readdirSync('migrations').filter((file) => file.endsWith('.up.sql')).sort()) {
    for (const step of ['before', 'up', 'down', 'again']) {
      if (step !== 'before') await migrate({ url, direction: step === 'down' ? 'down' : 'up', count: 1 })
      console.log(JSON.stringify({ name, step, lines: await look() }))
    }
  }
  await client.end()`

type Step = { name: string; step: string; lines: string[] }

/** Walks each migration up, down and up again. Answers how many there are, and how many lines the last schema has. */
export async function walkMigrations({ sql, finish, tree }: Context) {
  const { ownerUrl } = await sql.emptyDatabase()
  const env = { DATABASE_OWNER_URL: ownerUrl, SNAPSHOT: snapshot }
  const walked = await finish(['--input-type=module', '-e', walk], env, 60_000)
  const said = walked.said.split('\n').filter((line) => line.startsWith('{'))
  const steps = Map.groupBy(
    said.map((line): Step => JSON.parse(line)),
    ({ name }) => name,
  )
  for (const [name, [before, up, down, again]] of steps) {
    const [left, lost] = [missing(before, down), missing(down, before)]
    if (left.length > 0) red('down-leaves-something', `${name}: ${left.slice(0, 3).join('; ')}`)
    if (lost.length > 0) red('down-takes-too-much', `${name}: ${lost.slice(0, 3).join('; ')}`)
    const changed = [...missing(up, again), ...missing(again, up)]
    if (changed.length > 0) red('up-again-differs', `${name}: ${changed.slice(0, 3).join('; ')}`)
  }
  const there = globSync('migrations/*.up.sql', { cwd: tree }).length
  if (walked.code !== 0 || steps.size !== there) red('cannot-walk', walked.said.slice(-500))
  return { migrations: steps.size, lines: [...steps.values()].at(-1)?.at(-1)?.lines.length ?? 0 }
}

/** The lines that only the second step has; none while one of the two is still to come. */
function missing(from: Step | undefined, to: Step | undefined): string[] {
  const known = new Set(from?.lines)
  return from && to ? to.lines.filter((line) => !known.has(line)) : []
}

const mapped = `
  import { getTableConfig, PgTable } from './src/db/drizzle.ts'
  import * as tables from './src/db/tables.ts'
  for (const table of Object.values(tables).filter((value) => value instanceof PgTable)) {
    const { name, columns } = getTableConfig(table)
    for (const column of columns) {
      const filled = column.hasDefault || column.generated !== undefined || column.generatedIdentity !== undefined
      console.log(['column', name, column.name, column.getSQLType(), column.notNull, filled].join(' '))
    }
  }`

/** Holds the tables of the code against the migrated database, column by column. Answers how many columns there are. */
export async function compareTables({ sql, finish }: Context): Promise<number> {
  const { code, said } = await finish(['--input-type=module', '-e', mapped])
  if (code !== 0) red('tables-unreadable', said.slice(0, 500))
  const inCode = said.split('\n').filter((line) => line.startsWith('column '))
  const rows = await sql.owner<{ line: string }>(`
    SELECT concat_ws(' ', 'column', relname, attname, format_type(atttypid, atttypmod), attnotnull::text,
      (atthasdef OR attidentity <> '')::text) AS line
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'schema_migrations'
      AND attnum > 0 AND NOT attisdropped`)
  const inDatabase = rows.map(({ line }) => line)
  const only = (some: string[], others: string[]) => some.filter((line) => !others.includes(line))
  const differences = [...only(inCode, inDatabase), ...only(inDatabase, inCode)]
  if (differences.length > 0) red('orm-differs', differences.slice(0, 4).join('; '))
  return inCode.length
}
