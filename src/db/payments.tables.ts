// The tables of what the payment provider does for us: see tables.ts.
import { id, instant, now } from './columns.ts'
import { bigint, integer, pgTable, text, uuid } from './drizzle.ts'

export const payments = pgTable('payments', {
  id: id(),
  kind: text({ enum: ['charge', 'refund', 'payout'] }).notNull(),
  userId: uuid('user_id').notNull(),
  contractId: uuid('contract_id'),
  amount: bigint({ mode: 'number' }).notNull(),
  currency: text().notNull(),
  method: text(),
  chargeId: uuid('charge_id'),
  status: text({ enum: ['pending', 'succeeded', 'failed'] })
    .notNull()
    .default('pending'),
  providerId: text('provider_id'),
  transferId: uuid('transfer_id'),
  operationId: uuid('operation_id'),
  failure: text(),
  tries: integer().notNull().default(0),
  nextTryAt: now('next_try_at'),
  createdAt: now('created_at'),
  finishedAt: instant('finished_at'),
})

export const providerEvents = pgTable('provider_events', {
  id: text().primaryKey(),
  type: text().notNull(),
  paymentId: uuid('payment_id'),
  effect: text({ enum: ['settled', 'nothing', 'unmatched', 'contradicts'] }).notNull(),
  at: instant().notNull(),
  receivedAt: now('received_at'),
})
