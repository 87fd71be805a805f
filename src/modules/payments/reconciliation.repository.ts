// What reconciliation reads of our side.
import type { Tx } from '../../db/client.ts'
import { and, eq, sql } from '../../db/drizzle.ts'
import { payments } from '../../db/tables.ts'
import type { PaymentRow } from './payments.repository.ts'

export async function findPayments(db: Tx, ids: string[]): Promise<PaymentRow[]> {
  // Text that is no id is nobody's.
  return ids.length === 0
    ? []
    : db
        .select()
        .from(payments)
        .where(sql`${payments.id}::text = ANY (${sql.param(ids)})`)
}

/** A page of the payments that succeeded from `since` and before `until`, by id. */
export async function listSucceeded(
  db: Tx,
  { since, until, after, limit }: { since: Date; until: Date; after: string | undefined; limit: number },
): Promise<PaymentRow[]> {
  const within = sql`${payments.finishedAt} >= ${since.toISOString()} AND ${payments.finishedAt} < ${until.toISOString()}`
  const beyond = after ? sql`${payments.id} > ${after}` : undefined
  return db
    .select()
    .from(payments)
    .where(and(eq(payments.status, 'succeeded'), within, beyond))
    .orderBy(payments.id)
    .limit(limit)
}

/** Those that have been pending for longer than so many minutes. */
export async function listStuck(db: Tx, minutes: number, limit: number): Promise<PaymentRow[]> {
  const isOld = sql`${payments.createdAt} < now() - make_interval(mins => ${minutes})`
  return db
    .select()
    .from(payments)
    .where(and(eq(payments.status, 'pending'), isOld))
    .orderBy(payments.createdAt)
    .limit(limit)
}

/** Refunds that the provider refused, where no other one was begun: the money of a contract that is over is still held. */
export async function listRefusedRefunds(db: Tx, limit: number): Promise<PaymentRow[]> {
  const isLast = sql`NOT EXISTS (
    SELECT FROM payments AS later WHERE later.contract_id = ${payments.contractId} AND later.kind = 'refund' AND later.status <> 'failed'
  )`
  return db
    .select()
    .from(payments)
    .where(and(eq(payments.kind, 'refund'), eq(payments.status, 'failed'), isLast))
    .orderBy(payments.createdAt)
    .limit(limit)
}
