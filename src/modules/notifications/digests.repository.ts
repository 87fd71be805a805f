import type { Tx } from '../../db/client.ts'
import { and, eq, isNull, lte, sql } from '../../db/drizzle.ts'
import { notifications, outbox, users } from '../../db/tables.ts'

/** What nobody has read, and no mail has told. */
const waiting = and(isNull(notifications.readAt), isNull(notifications.mailedAt))
const old = sql`${notifications.createdAt} < now() - interval '1 day'`
/** By NOT IN, which is looked up in a hash: an anti join went through all open events for each notification when they were many. */
const isUntold = sql`'digest:' || ${notifications.userId} NOT IN (
  SELECT aggregate FROM ${outbox} WHERE handled_at IS NULL AND dead_at IS NULL)`

/** People with something that waits for a day, and when the newest of it was made; those whose mail is on its way are left out. */
export async function listForgetful(tx: Tx, limit: number): Promise<{ userId: string; until: string }[]> {
  return tx
    .select({
      userId: notifications.userId,
      until: sql`max(${notifications.createdAt})`.mapWith(notifications.createdAt) as ReturnType<typeof sql<string>>,
    })
    .from(notifications)
    .innerJoin(users, and(eq(users.id, notifications.userId), isNull(users.blockedAt), isNull(users.erasedAt)))
    .where(and(waiting, old, isUntold))
    .groupBy(notifications.userId)
    .limit(limit)
}

/** The person, with what still waits of it, the oldest first. Undefined for one who is gone. */
export async function findDigest(db: Tx, userId: string, until: string, limit: number) {
  const [person] = await db
    .select({ id: users.id, role: users.role, name: users.name, email: users.email })
    .from(users)
    .where(and(eq(users.id, userId), isNull(users.blockedAt), isNull(users.erasedAt)))
  const rows = await db
    .select({ data: notifications.data })
    .from(notifications)
    .where(and(eq(notifications.userId, userId), waiting, lte(notifications.createdAt, until)))
    .orderBy(notifications.createdAt)
    .limit(limit)
  return person && { ...person, texts: rows.map(({ data }) => (data as { text: string }).text) }
}

export async function markAllMailed(tx: Tx, userId: string, until: string): Promise<void> {
  await tx
    .update(notifications)
    .set({ mailedAt: sql`now()` })
    .where(and(eq(notifications.userId, userId), waiting, lte(notifications.createdAt, until)))
}
