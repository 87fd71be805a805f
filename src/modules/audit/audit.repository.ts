import type { Tx } from '../../db/client.ts'
import { and, eq, getTableColumns, isNull, lt, sql } from '../../db/drizzle.ts'
import { asJson, placeholders, prepared } from '../../db/prepared.ts'
import { auditLog, personKeys, users } from '../../db/tables.ts'

type AuditRow = typeof auditLog.$inferSelect
/** With the key of its person, sealed; null where there is none, or none any more. */
export type ListedRow = AuditRow & { sealedKey: string | null }
export type Recorded = NonNullable<AuditRow['before']>

type NewRow = Required<Omit<typeof auditLog.$inferInsert, 'id' | 'at' | 'txid'>>

const who = ['actorId', 'actorRole', 'requestId', 'addressHash', 'personId'] as const
const what = ['action', 'objectType', 'objectId', 'before', 'after'] as const
const insertRow = prepared((tx) =>
  tx
    .insert(auditLog)
    .values(placeholders(...who, ...what))
    .prepare('insert_audit'),
)

export async function insertAudit(tx: Tx, row: NewRow): Promise<void> {
  await insertRow(tx).execute({ ...row, before: asJson(row.before), after: asJson(row.after) })
}

type Filter = { objectType?: string; objectId?: string; actorId?: string }
type Page = { limit: number; after: (string | number)[] | undefined }

/** One page and one row more, the newest first. */
export async function listAudit(db: Tx, filter: Filter, { limit, after }: Page): Promise<ListedRow[]> {
  const wanted = [
    filter.objectType ? eq(auditLog.objectType, filter.objectType) : undefined,
    filter.objectId ? eq(auditLog.objectId, filter.objectId) : undefined,
    filter.actorId ? eq(auditLog.actorId, filter.actorId) : undefined,
    after ? lt(auditLog.id, Number(after[0])) : undefined,
  ]
  return db
    .select({ ...getTableColumns(auditLog), sealedKey: personKeys.sealedKey })
    .from(auditLog)
    .leftJoin(personKeys, eq(personKeys.userId, auditLog.personId))
    .where(and(...wanted))
    .orderBy(sql`${auditLog.id} DESC`)
    .limit(limit + 1)
}

/** `isSettled`: another transaction made it, which is committed, so that it outlives this one. */
export async function findPersonKey(
  tx: Tx,
  userId: string,
): Promise<{ sealedKey: string; isSettled: boolean } | undefined> {
  const [row] = await tx
    .select({
      sealedKey: personKeys.sealedKey,
      isSettled: sql<boolean>`${personKeys.createdAt} < date_trunc('milliseconds', now())`,
    })
    .from(personKeys)
    .where(eq(personKeys.userId, userId))
  return row
}

/** Adds the key of a person who has none, and is not erased: an erasure under way is waited for. */
export async function insertPersonKey(tx: Tx, userId: string, sealedKey: string): Promise<void> {
  const person = tx
    .select({
      userId: users.id,
      sealedKey: sql`${sealedKey}::text`.as('sealed_key'),
      createdAt: sql`now()`.as('created_at'),
    })
    .from(users)
    .where(and(eq(users.id, userId), isNull(users.erasedAt)))
    .for('share')
  await tx.insert(personKeys).select(person).onConflictDoNothing()
}

export async function deletePersonKey(tx: Tx, userId: string): Promise<void> {
  await tx.delete(personKeys).where(eq(personKeys.userId, userId))
}
