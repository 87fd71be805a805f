import type { Tx } from '../../db/client.ts'
import { eq, sql } from '../../db/drizzle.ts'
import { notificationCounts, notifications } from '../../db/tables.ts'
import type { NotificationRow } from './notifications.repository.ts'

/** The next number of somebody's notifications. Whoever else would give them one waits until the transaction ends: none is seen early. */
export async function nextNumber(tx: Tx, userId: string): Promise<number> {
  const [row] = await tx
    .insert(notificationCounts)
    .values({ userId, last: 1 })
    .onConflictDoUpdate({ target: notificationCounts.userId, set: { last: sql`${notificationCounts.last} + 1` } })
    .returning({ last: notificationCounts.last })
  return row?.last as number
}

/** Of the newest notification that somebody has; 0 before the first. */
export async function lastNumber(db: Tx, userId: string): Promise<number> {
  const [row] = await db
    .select({ last: notificationCounts.last })
    .from(notificationCounts)
    .where(eq(notificationCounts.userId, userId))
  return row?.last ?? 0
}

type Asked = { userId: string; after: number }

/** What each of them has after a number, in order, so many of each at most: one statement for all. */
export async function listNewer(db: Tx, asked: Asked[], most: number): Promise<NotificationRow[]> {
  const users = sql.param(asked.map(({ userId }) => userId))
  const numbers = sql.param(asked.map(({ after }) => after))
  const newer = sql`(
    SELECT found.id FROM unnest(${users}::uuid[], ${numbers}::bigint[]) AS asked (user_id, after)
    CROSS JOIN LATERAL (
      SELECT id FROM ${notifications} WHERE user_id = asked.user_id AND number > asked.after ORDER BY number LIMIT ${most}
    ) AS found
  )`
  return db
    .select()
    .from(notifications)
    .where(sql`${notifications.id} IN ${newer}`)
    .orderBy(notifications.userId, notifications.number)
}
