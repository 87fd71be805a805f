import type { Tx } from '../../db/client.ts'
import { sql } from '../../db/drizzle.ts'
import { ledgerAccounts as accounts, ledgerEntries as entries, ledgerTransfers as transfers } from '../../db/tables.ts'
import type { Currency } from '../../lib/schemas.ts'

type TransferRow = typeof transfers.$inferSelect
export type Line = { owner: string | null; kind: (typeof accounts.$inferSelect)['kind']; amount: number }
export type NewTransfer = Pick<TransferRow, 'phase' | 'kind' | 'contractId' | 'paymentId' | 'currency'> & {
  lines: Line[]
}

/** Accounts that a transfer needs. Those that there are stay as they are, and those that another transaction makes are waited for. */
export async function insertAccounts(tx: Tx, currency: string, lines: Line[]): Promise<void> {
  await tx.execute(sql`
    INSERT INTO ${accounts} (user_id, kind, currency)
    SELECT owner, kind, ${currency} FROM ${unnested(lines)} ORDER BY kind, owner
    ON CONFLICT DO NOTHING`)
}

/**
 * The transfer and its entries, in one statement; a trigger moves the balances. Undefined, and nothing written, when one of its
 * accounts is not there yet.
 */
export async function insertTransfer(tx: Tx, transfer: NewTransfer): Promise<string | undefined> {
  const { phase, kind, contractId, paymentId, currency, lines } = transfer
  const { rows } = await tx.execute<{ id: string }>(sql`
    WITH line AS (
      SELECT account.id, line.amount FROM ${unnested(lines)} CROSS JOIN LATERAL (
        SELECT id FROM ${accounts} WHERE user_id = line.owner AND kind = line.kind AND currency = ${currency}
        UNION ALL
        SELECT id FROM ${accounts}
        WHERE line.owner IS NULL AND user_id IS NULL AND kind = line.kind AND currency = ${currency}
      ) AS account
    ), transfer AS (
      INSERT INTO ${transfers} (phase, kind, contract_id, payment_id, currency, entry_count)
      SELECT ${phase}, ${kind}, ${contractId}::uuid, ${paymentId}::uuid, ${currency}, count(*) FROM line
      HAVING count(*) = ${lines.length}
      RETURNING id
    ), entry AS (
      INSERT INTO ${entries} (transfer_id, account_id, currency, amount)
      SELECT transfer.id, line.id, ${currency}, line.amount FROM transfer CROSS JOIN line
    )
    SELECT id FROM transfer`)
  return rows[0]?.id
}

/** Ends a pending transfer with the entries that it has. False when there is none, or it has ended. */
export async function insertEnd(tx: Tx, pendingId: string, phase: 'posted' | 'voided'): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    WITH ended AS (
      INSERT INTO ${transfers} (phase, settles, kind, contract_id, payment_id, currency, entry_count)
      SELECT ${phase}, id, kind, contract_id, payment_id, currency, entry_count FROM ${transfers}
      WHERE id = ${pendingId} AND phase = 'pending'
      ON CONFLICT (settles) DO NOTHING
      RETURNING id, settles
    ), entry AS (
      INSERT INTO ${entries} (transfer_id, account_id, currency, amount)
      SELECT ended.id, account_id, currency, amount FROM ended JOIN ${entries} ON transfer_id = ended.settles
    )
    SELECT id FROM ended`)
  return rowCount === 1
}

export type Balance = { currency: Currency; available: number; reserved: number; held: number }

/** `available` and `held` without what is reserved of them. */
export async function listBalances(db: Tx, userId: string): Promise<Balance[]> {
  const left = (kind: string) => sql`coalesce(sum(posted - reserved) FILTER (WHERE kind = ${kind}), 0)::float8`
  const { rows } = await db.execute<Balance>(sql`
    SELECT currency, ${left('available')} AS available, sum(reserved)::float8 AS reserved, ${left('held')} AS held
    FROM ${accounts} WHERE user_id = ${userId} GROUP BY currency ORDER BY currency`)
  return rows
}

const unnested = (lines: Line[]) => sql`
  unnest(
    ${sql.param(lines.map(({ owner }) => owner))}::uuid[],
    ${sql.param(lines.map(({ kind }) => kind))}::text[],
    ${sql.param(lines.map(({ amount }) => amount))}::bigint[]
  ) AS line (owner, kind, amount)`
