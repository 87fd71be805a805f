import type { Tx } from '../../db/client.ts'
import { eq, sql } from '../../db/drizzle.ts'
import { switches } from '../../db/tables.ts'

export type SwitchRow = typeof switches.$inferSelect
type Name = SwitchRow['name']

export async function listSwitches(db: Tx): Promise<SwitchRow[]> {
  return db.select().from(switches).orderBy(switches.name)
}

/** Undefined where there is none. Whoever else would turn it waits until the transaction ends. */
export async function holdSwitch(tx: Tx, name: string): Promise<SwitchRow | undefined> {
  const [row] = await tx
    .select()
    .from(switches)
    .where(eq(switches.name, name as Name))
    .for('update')
  return row
}

/** On with a reason, off with null. */
export async function turnSwitch(tx: Tx, name: Name, by: string, reason: string | null): Promise<SwitchRow> {
  const change = { isOn: reason !== null, reason, changedBy: by, changedAt: sql`now()` }
  const [row] = await tx.update(switches).set(change).where(eq(switches.name, name)).returning()
  return row as SwitchRow
}
