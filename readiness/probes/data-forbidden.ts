// States that no code may bring about, because the database refuses them: each is tried as the owner, and refused by its own constraint.
import type pg from 'pg'
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'
import { impliedOfLedger } from './data-forbidden-ledger.ts'
import { forbidden, inserted, optional, rows } from './data-forbidden-states.ts'

// The table of the migration tool is the tool's own.
const ours = "relnamespace = 'public'::regnamespace AND relname <> 'schema_migrations'"
const constraints = `
  SELECT conname AS name FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE ${ours} AND contype <> 'n'
  UNION SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE ${ours} AND indisunique`
const columns = `
  SELECT relname AS table, attname AS column FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  WHERE ${ours} AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped`

/** Tries them all in one transaction that is rolled back. */
export async function tryForbiddenStates({ sql }: Context) {
  const session = await sql.session('owner')
  await session.query(`BEGIN; ${rows}`)
  const tried = [...attempts()]
  for (const { constraint, statement } of tried) {
    const error = await attempt(session, statement)
    if (!error) red('allowed', `${constraint} let this pass: ${statement}`)
    if (error.constraint !== constraint) red('refused-by-another', `${statement}: ${error.message}`)
  }
  const required = (await sql.owner<{ table: string; column: string }>(columns)).filter(
    ({ table, column }) => !optional.includes(`${table}.${column}`),
  )
  for (const { table, column } of required) {
    const error = await attempt(session, `UPDATE ${table} SET ${column} = NULL`)
    // A missing value (23502), or one that nobody but the database gives (428C9).
    if (!['23502', '428C9'].includes(String(error?.code))) red('null-allowed', `${table}.${column}: ${error?.message}`)
  }
  const names = new Set([...tried.map(({ constraint }) => constraint), ...impliedOfLedger])
  const untried = (await sql.owner<{ name: string }>(constraints)).filter(({ name }) => !names.has(name))
  if (untried.length > 0) red('untried', untried.map(({ name }) => name).join(', '))
  await session.query('ROLLBACK')
  return { constraints: names.size, states: tried.length, requiredColumns: required.length }
}

function* attempts() {
  for (const [table, states] of Object.entries(forbidden))
    for (const [constraint, changes] of Object.entries(states))
      for (const change of [changes].flat()) yield { constraint, statement: `UPDATE ${table} SET ${change}` }
  for (const [constraint, statement] of Object.entries(inserted)) yield { constraint, statement }
}

/** The error with which the database refuses a statement; undefined when it does not. What the statement did is undone. */
async function attempt(session: pg.Client, statement: string): Promise<pg.DatabaseError | undefined> {
  await session.query('SAVEPOINT attempt')
  const error = await session.query(statement).then(
    () => undefined,
    (refused: pg.DatabaseError) => refused,
  )
  await session.query('ROLLBACK TO SAVEPOINT attempt')
  return error
}
