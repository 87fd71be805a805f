import type { Tx } from '../../db/client.ts'
import { eq, sql } from '../../db/drizzle.ts'
import { flags, users } from '../../db/tables.ts'
import type { Role } from '../../lib/actor.ts'
import type { ChangeFlag } from './flags.schemas.ts'

export type FlagRow = typeof flags.$inferSelect

export async function listFlags(db: Tx): Promise<FlagRow[]> {
  return db.select().from(flags)
}

/** Undefined where nobody has settled anything. Whoever else would change it waits until the transaction ends. */
export async function holdFlag(tx: Tx, name: string): Promise<FlagRow | undefined> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended('flag ' || ${name}, 0))`)
  const [row] = await tx.select().from(flags).where(eq(flags.name, name))
  return row
}

export async function putFlag(tx: Tx, name: string, by: string, setting: ChangeFlag): Promise<FlagRow> {
  const change = { ...setting, changedBy: by, changedAt: sql`now()` }
  const [row] = await tx
    .insert(flags)
    .values({ name, ...change })
    .onConflictDoUpdate({ target: flags.name, set: change })
    .returning()
  return row as FlagRow
}

export async function findRole(db: Tx, userId: string): Promise<Role | undefined> {
  const [row] = await db.select({ role: users.role }).from(users).where(eq(users.id, userId))
  return row?.role
}
