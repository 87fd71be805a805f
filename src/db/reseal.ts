import type { Seal } from '../lib/seal.ts'
import type { Database } from './client.ts'
import { sql } from './drizzle.ts'

/**
 * Every column that holds what `seal` made under a key of the environment. `purpose` comes before the row's key in the purpose that
 * it was sealed for. A column that is left out here would be lost when its key goes: a test looks for one.
 */
export const sealedColumns = [
  { table: 'totp', key: 'user_id', column: 'sealed_seed', purpose: 'totp' },
  { table: 'person_keys', key: 'user_id', column: 'sealed_key', purpose: 'person' },
  { table: 'data_exports', key: 'id', column: 'sealed', purpose: 'data-export' },
] as const

type Column = (typeof sealedColumns)[number]
type Sealed = { key: string; sealed: string }
const batch = 500

/**
 * Seals what is sealed under older keys again, under the one that seals now. Answers how many values that were. A value that
 * changes meanwhile is left alone: whoever changed it sealed it anew. Throws at the first that no key opens.
 */
export async function resealColumn(db: Database, seal: Seal, place: Column): Promise<number> {
  let done = 0
  let after: string | undefined
  for (;;) {
    const rows = await readOlder(db, place, seal.currentName(), after)
    for (const { key, sealed } of rows) {
      const purpose = `${place.purpose}:${key}`
      done += await replace(db, place, { key, sealed }, seal.seal(seal.open(sealed, purpose), purpose))
    }
    after = rows.at(-1)?.key
    if (rows.length < batch) return done
  }
}

async function readOlder(db: Database, { table, key, column }: Column, current: string, after?: string) {
  const [id, sealed] = [sql.identifier(key), sql.identifier(column)]
  const { rows } = await db.unnamed.execute<Sealed>(sql`
    SELECT ${id} AS key, ${sealed} AS sealed FROM ${sql.identifier(table)}
    WHERE NOT starts_with(${sealed}, ${`${current}.`}) ${after ? sql`AND ${id} > ${after}` : sql``}
    ORDER BY ${id} LIMIT ${batch}`)
  return rows
}

async function replace(db: Database, { table, key, column }: Column, old: Sealed, sealed: string): Promise<number> {
  const [id, place] = [sql.identifier(key), sql.identifier(column)]
  const { rowCount } = await db.unnamed.execute(sql`
    UPDATE ${sql.identifier(table)} SET ${place} = ${sealed} WHERE ${id} = ${old.key} AND ${place} = ${old.sealed}`)
  return rowCount ?? 0
}
