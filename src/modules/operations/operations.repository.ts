import type { Tx } from '../../db/client.ts'
import { and, eq, isNull, sql } from '../../db/drizzle.ts'
import { operations } from '../../db/tables.ts'

export type OperationRow = typeof operations.$inferSelect

export async function insertOperation(tx: Tx, userId: string, kind: string, keptDays: number): Promise<OperationRow> {
  const expiresAt = sql`now() + make_interval(days => ${keptDays})`
  const [row] = await tx.insert(operations).values({ userId, kind, expiresAt }).returning()
  return row as OperationRow
}

/** Undefined unless the user has it and it is not expired. */
export async function findOperation(db: Tx, userId: string, id: string): Promise<OperationRow | undefined> {
  const own = and(eq(operations.id, id), eq(operations.userId, userId), sql`${operations.expiresAt} > now()`)
  const [row] = await db.select().from(operations).where(own)
  return row
}

export async function markRunning(db: Tx, id: string): Promise<void> {
  await db
    .update(operations)
    .set({ status: 'running' })
    .where(and(eq(operations.id, id), eq(operations.status, 'pending')))
}

/** False when it has ended already. */
export async function markEnded(
  tx: Tx,
  id: string,
  end: { status: 'succeeded'; result: unknown } | { status: 'failed'; error: string },
): Promise<boolean> {
  const { rowCount } = await tx
    .update(operations)
    .set({ ...end, finishedAt: sql`now()` })
    .where(and(eq(operations.id, id), isNull(operations.finishedAt)))
  return rowCount === 1
}

/** Removes what expired; answers how many. */
export async function purgeExpired(db: Tx): Promise<number> {
  const { rowCount } = await db.delete(operations).where(sql`${operations.expiresAt} < now()`)
  return rowCount ?? 0
}
