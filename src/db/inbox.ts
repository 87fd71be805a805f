import type { Database, Tx } from './client.ts'
import { and, eq, sql } from './drizzle.ts'
import { markHandled } from './outbox.ts'
import { placeholders, prepared } from './prepared.ts'
import { inbox as table } from './tables.ts'

/**
 * Has an event's effect once, however often it is delivered: the inbox row, the effect and the outbox's mark commit together.
 * Answers whether the effect happened now.
 */
export async function handleOnce(
  db: Database,
  consumer: string,
  eventId: string,
  effect: (tx: Tx) => Promise<void>,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [ours] = await takeEvent(tx).execute({ eventId, consumer })
    if (ours) await effect(tx)
    await markHandled(tx, eventId)
    return Boolean(ours)
  })
}

const takeEvent = prepared((tx) =>
  tx
    .insert(table)
    .values(placeholders('eventId', 'consumer'))
    .onConflictDoNothing()
    .returning({ eventId: table.eventId })
    .prepare('take_event'),
)

/** For effects outside of the database: whether it was recorded already. Ask before the effect, and record it by handleOnce after. */
export async function wasHandled(db: Tx, consumer: string, eventId: string): Promise<boolean> {
  const [row] = await db
    .select({ eventId: table.eventId })
    .from(table)
    .where(and(eq(table.eventId, eventId), eq(table.consumer, consumer)))
  return row !== undefined
}

/** Forgets what was handled more than `days` ago; keep it longer than an event may be delivered again. */
export async function purgeInbox(db: Tx, days: number): Promise<number> {
  const { rowCount } = await db.delete(table).where(sql`${table.handledAt} < now() - make_interval(days => ${days})`)
  return rowCount ?? 0
}
