import type { Tx } from '../../db/client.ts'
import { and, eq, sql } from '../../db/drizzle.ts'
import { payments, providerEvents } from '../../db/tables.ts'

export type PaymentRow = typeof payments.$inferSelect
export type NewPayment = typeof payments.$inferInsert

export async function insertPayment(tx: Tx, row: NewPayment, leaseMs = 0): Promise<PaymentRow> {
  const [made] = await tx
    .insert(payments)
    .values({ ...row, nextTryAt: inMs(leaseMs), tries: leaseMs > 0 ? 1 : 0 })
    .returning()
  return made as PaymentRow
}

export async function findPayment(db: Tx, id: string): Promise<PaymentRow | undefined> {
  const [row] = await db.select().from(payments).where(eq(payments.id, id))
  return row
}

export async function lockPayment(tx: Tx, id: string): Promise<PaymentRow | undefined> {
  const [row] = await tx.select().from(payments).where(eq(payments.id, id)).for('no key update')
  return row
}

/** The charge that paid for a contract. */
export async function findChargeOf(tx: Tx, contractId: string): Promise<PaymentRow | undefined> {
  const paid = and(eq(payments.contractId, contractId), eq(payments.kind, 'charge'), eq(payments.status, 'succeeded'))
  const [row] = await tx.select().from(payments).where(paid)
  return row
}

/** Some whose next try is due, for the caller alone for `leaseMs`, after which they are due again. */
export async function claimDue(db: Tx, limit: number, leaseMs: number): Promise<PaymentRow[]> {
  const due = sql`
    SELECT id FROM ${payments} WHERE status = 'pending' AND next_try_at <= now()
    ORDER BY next_try_at LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED`
  return db
    .update(payments)
    .set({ tries: sql`tries + 1`, nextTryAt: inMs(leaseMs) })
    .where(sql`${payments.id} IN (${due})`)
    .returning()
}

/** Names what was set aside for it. */
export async function setTransfer(tx: Tx, id: string, transferId: string): Promise<PaymentRow> {
  const [row] = await tx.update(payments).set({ transferId }).where(eq(payments.id, id)).returning()
  return row as PaymentRow
}

export async function postpone(db: Tx, id: string, ms: number): Promise<void> {
  await db
    .update(payments)
    .set({ nextTryAt: inMs(ms) })
    .where(and(eq(payments.id, id), eq(payments.status, 'pending')))
}

type End = Partial<Pick<PaymentRow, 'providerId' | 'transferId' | 'failure'>> & { status: 'succeeded' | 'failed' }

export async function markEnded(tx: Tx, id: string, end: End): Promise<PaymentRow> {
  const [row] = await tx
    .update(payments)
    .set({ ...end, finishedAt: sql`now()` })
    .where(eq(payments.id, id))
    .returning()
  return row as PaymentRow
}

/** One page and one row more of a user's payments, the oldest first; everyone's where there is no user. */
export async function listPayments(
  db: Tx,
  userId: string | undefined,
  { limit, after }: { limit: number; after: (string | number)[] | undefined },
): Promise<PaymentRow[]> {
  const own = userId ? eq(payments.userId, userId) : undefined
  const beyond = after && sql`(${payments.createdAt}, ${payments.id}) > (${after[0]}, ${after[1]})`
  return db
    .select()
    .from(payments)
    .where(and(own, beyond))
    .orderBy(payments.createdAt, payments.id)
    .limit(limit + 1)
}

type Told = typeof providerEvents.$inferInsert

/** False when the event was there already. */
export async function insertProviderEvent(tx: Tx, event: Told): Promise<boolean> {
  const { rowCount } = await tx.insert(providerEvents).values(event).onConflictDoNothing()
  return rowCount === 1
}

const inMs = (ms: number) => sql`now() + make_interval(secs => ${ms / 1000}::float8)`
