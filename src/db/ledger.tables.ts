// As tables.ts, for the ledger.
import { id, now } from './columns.ts'
import { bigint, integer, pgTable, primaryKey, text, uuid } from './drizzle.ts'

export const ledgerAccounts = pgTable('ledger_accounts', {
  id: id(),
  /** None for those of the platform. */
  userId: uuid('user_id'),
  kind: text({ enum: ['available', 'held', 'fees', 'clearing'] }).notNull(),
  currency: text().notNull(),
  posted: bigint({ mode: 'number' }).notNull().default(0),
  reserved: bigint({ mode: 'number' }).notNull().default(0),
  createdAt: now('created_at'),
})

export const ledgerTransfers = pgTable('ledger_transfers', {
  id: id(),
  phase: text({ enum: ['pending', 'posted', 'voided'] }).notNull(),
  settles: uuid(),
  kind: text({ enum: ['funding', 'release', 'refund', 'payout'] }).notNull(),
  contractId: uuid('contract_id'),
  paymentId: uuid('payment_id'),
  currency: text().notNull(),
  entryCount: integer('entry_count').notNull(),
  createdAt: now('created_at'),
})

export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    transferId: uuid('transfer_id').notNull(),
    accountId: uuid('account_id').notNull(),
    currency: text().notNull(),
    amount: bigint({ mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.transferId, table.accountId] })],
)
