import type { Tx } from '../../db/client.ts'
import { and, eq, isNull, sql } from '../../db/drizzle.ts'
import { notifications, users } from '../../db/tables.ts'

export type NotificationRow = typeof notifications.$inferSelect

/** Its time is that of now, and not of the transaction, which may have waited for its number: the list has the order of the numbers. */
export async function insertNotification(tx: Tx, row: typeof notifications.$inferInsert): Promise<NotificationRow> {
  const createdAt = sql<string>`clock_timestamp()`
  const [made] = await tx
    .insert(notifications)
    .values({ ...row, createdAt })
    .returning()
  return made as NotificationRow
}

/** A notification with the person it is for. */
export async function findLetter(db: Tx, id: string) {
  const [row] = await db
    .select({ notification: notifications, name: users.name, email: users.email })
    .from(notifications)
    .innerJoin(users, eq(users.id, notifications.userId))
    .where(eq(notifications.id, id))
  return row
}

export async function markMailed(tx: Tx, id: string): Promise<void> {
  await tx.update(notifications).set({ mailedAt: sql`now()` }).where(eq(notifications.id, id))
}

/** Undefined unless the user has it and had not read it. */
export async function markRead(db: Tx, userId: string, id: string): Promise<NotificationRow | undefined> {
  const unread = and(ownedBy(userId, id), isNull(notifications.readAt))
  const [row] = await db.update(notifications).set({ readAt: sql`now()` }).where(unread).returning()
  return row
}

/** Undefined unless the user has it. */
export async function findNotification(db: Tx, userId: string, id: string): Promise<NotificationRow | undefined> {
  const [row] = await db.select().from(notifications).where(ownedBy(userId, id))
  return row
}

const ownedBy = (userId: string, id: string) => and(eq(notifications.id, id), eq(notifications.userId, userId))

/** One page and one row more, the newest first. */
export async function listNotifications(
  db: Tx,
  userId: string,
  { limit, after }: { limit: number; after: (string | number)[] | undefined },
): Promise<NotificationRow[]> {
  const beyond = after && sql`(${notifications.createdAt}, ${notifications.id}) < (${after[0]}, ${after[1]})`
  return db
    .select()
    .from(notifications)
    .where(and(eq(notifications.userId, userId), beyond))
    .orderBy(sql`${notifications.createdAt} DESC, ${notifications.id} DESC`)
    .limit(limit + 1)
}
