// Statements that every write runs, built once for each connection: drizzle takes as long to build one as PostgreSQL to run it.
import type { Tx } from './client.ts'
import { type SQL, sql } from './drizzle.ts'

/** `build` makes a statement whose values are placeholders, and prepares it. */
export function prepared<Statement extends object>(build: (db: Tx) => Statement): (db: Tx) => Statement {
  const built = new WeakMap<Tx, Statement>()
  return (db) => {
    const known = built.get(db)
    if (known) return known
    const statement = build(db)
    built.set(db, statement)
    return statement
  }
}

/** Placeholders of these names for columns of these names, each of which takes what the driver takes. */
export const placeholders = <Name extends string>(...names: Name[]): Record<Name, SQL> =>
  Object.fromEntries(names.map((name) => [name, sql`${sql.placeholder(name)}`])) as Record<Name, SQL>

/** What a placeholder of a jsonb column takes: to the driver an array would be one of PostgreSQL's, and null the null of JSON. */
export const asJson = (value: unknown) => (value === undefined || value === null ? null : JSON.stringify(value))
