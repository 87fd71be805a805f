import type { Tx } from '../../db/client.ts'
import { asc, eq, sql } from '../../db/drizzle.ts'
import { breakerResets as resets, breakers as table } from '../../db/tables.ts'

export type BreakerRow = typeof table.$inferSelect
export type ResetRow = typeof resets.$inferSelect

/** Those that were seen within so many seconds. */
export async function listBreakers(db: Tx, within: number, most: number): Promise<BreakerRow[]> {
  return db
    .select()
    .from(table)
    .where(sql`${table.seenAt} > now() - make_interval(secs => ${within})`)
    .orderBy(asc(table.name), asc(table.service), asc(table.process))
    .limit(most)
}

export async function isBreakerSeen(db: Tx, name: string): Promise<boolean> {
  const rows = await db.select({ name: table.name }).from(table).where(eq(table.name, name)).limit(1)
  return rows.length > 0
}

export async function putBreakers(db: Tx, rows: Omit<BreakerRow, 'seenAt'>[]): Promise<void> {
  await db
    .insert(table)
    .values(rows)
    .onConflictDoUpdate({
      target: [table.process, table.name],
      set: {
        state: sql`excluded.state`,
        failures: sql`excluded.failures`,
        openedAt: sql`excluded.opened_at`,
        seenAt: sql`now()`,
      },
    })
}

/** Those of processes that ended without saying so, seconds ago. What another process deletes just now is left to it. */
export async function deleteBreakersUnseen(db: Tx, since: number): Promise<void> {
  await db.execute(sql`DELETE FROM ${table} WHERE (process, name) IN (
    SELECT process, name FROM ${table} WHERE seen_at < now() - make_interval(secs => ${since}) FOR UPDATE SKIP LOCKED)`)
}

export async function deleteBreakersOf(db: Tx, process: string): Promise<void> {
  await db.delete(table).where(eq(table.process, process))
}

export async function putReset(tx: Tx, name: string, resetBy: string): Promise<ResetRow> {
  const [row] = await tx
    .insert(resets)
    .values({ name, resetBy })
    // Never the same time twice: it is how the others tell a new one.
    .onConflictDoUpdate({
      target: resets.name,
      set: { resetBy, resetAt: sql`greatest(now(), ${resets.resetAt} + interval '1 millisecond')` },
    })
    .returning()
  return row as ResetRow
}

export async function listResets(db: Tx): Promise<ResetRow[]> {
  return db.select().from(resets)
}
