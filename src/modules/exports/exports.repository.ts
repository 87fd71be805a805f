import type { Tx } from '../../db/client.ts'
import { and, eq, isNull, sql } from '../../db/drizzle.ts'
import { dataExports, users } from '../../db/tables.ts'

export type ExportRow = typeof dataExports.$inferSelect

/** Until the transaction ends the person is neither erased nor given another export. False when the account is gone. */
export async function holdPerson(tx: Tx, id: string): Promise<boolean> {
  const [row] = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, id), isNull(users.erasedAt)))
    .for('no key update')
  return row !== undefined
}

export async function insertExport(tx: Tx, userId: string, operationId: string): Promise<ExportRow> {
  const [row] = await tx.insert(dataExports).values({ userId, operationId }).returning()
  return row as ExportRow
}

export async function findOpenExportOf(db: Tx, userId: string): Promise<ExportRow | undefined> {
  const [row] = await db
    .select()
    .from(dataExports)
    .where(and(eq(dataExports.userId, userId), isNull(dataExports.endedAt)))
  return row
}

/** Undefined when it has ended, or its person was erased. */
export async function holdOpenExport(tx: Tx, id: string): Promise<ExportRow | undefined> {
  const [row] = await tx
    .select()
    .from(dataExports)
    .where(and(eq(dataExports.id, id), isNull(dataExports.endedAt)))
    .for('update')
  return row
}

export async function storeExport(tx: Tx, id: string, sealed: string, keptDays: number): Promise<void> {
  const expiresAt = sql`now() + make_interval(days => ${keptDays})`
  await tx.update(dataExports).set({ sealed, expiresAt, endedAt: sql`now()` }).where(eq(dataExports.id, id))
}

export async function markFailed(tx: Tx, id: string): Promise<void> {
  await tx.update(dataExports).set({ endedAt: sql`now()` }).where(eq(dataExports.id, id))
}

/** What is stored, where the user has it and it is neither open nor expired. */
export async function findSealed(db: Tx, userId: string, id: string): Promise<string | undefined> {
  const own = and(eq(dataExports.id, id), eq(dataExports.userId, userId), sql`${dataExports.expiresAt} > now()`)
  const [row] = await db.select({ sealed: dataExports.sealed }).from(dataExports).where(own)
  return row?.sealed ?? undefined
}

/** Removes what expired; answers how many. */
export async function purgeExports(db: Tx): Promise<number> {
  const { rowCount } = await db.delete(dataExports).where(sql`${dataExports.expiresAt} < now()`)
  return rowCount ?? 0
}
