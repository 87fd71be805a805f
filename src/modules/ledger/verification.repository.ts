// What must never be found in the books, one query each: it answers the ids of what offends. Each looks at entries, transfers and rows
// anew, and at none of the balances and checks that the database keeps by itself.
import type { Tx } from '../../db/client.ts'
import { type SQL, sql } from '../../db/drizzle.ts'

export type Invariant = keyof typeof offenders
type Found = { ids: string[]; count: number }

/** Entries with their transfer and account; a name for each column that more than one of them has. */
const lines = sql`(
  SELECT transfer.id AS transfer_id, transfer.phase, transfer.settles, transfer.kind, transfer.contract_id, transfer.payment_id,
    transfer.currency, account.id AS account_id, account.kind AS account, account.user_id AS owner, entry.amount,
    entry.currency <> transfer.currency OR entry.currency <> account.currency AS mixed
  FROM ledger_entries AS entry JOIN ledger_transfers AS transfer ON transfer.id = entry.transfer_id
    JOIN ledger_accounts AS account ON account.id = entry.account_id
)`

/** Pending transfers that nothing has ended. */
const open = sql`(
  SELECT pending.* FROM ledger_transfers AS pending
  WHERE pending.phase = 'pending' AND NOT EXISTS (SELECT FROM ledger_transfers AS ended WHERE ended.settles = pending.id)
)`

/** For each contract what was paid for it, what left it, and what is about to leave it as a refund. */
const escrow = sql`(
  SELECT contract.*,
    coalesce(sum(line.amount) FILTER (WHERE line.kind = 'funding' AND line.phase = 'posted'), 0) AS funded,
    coalesce(-sum(line.amount) FILTER (WHERE line.kind = 'release' AND line.phase = 'posted'), 0) AS released,
    coalesce(-sum(line.amount) FILTER (WHERE line.kind = 'refund' AND line.phase = 'posted'), 0) AS refunded,
    coalesce(-sum(line.amount) FILTER (WHERE line.transfer_id IN (SELECT id FROM ${open} AS open)), 0) AS refunding
  FROM contracts AS contract LEFT JOIN ${lines} AS line ON line.contract_id = contract.id AND line.account = 'held'
  GROUP BY contract.id
)`

const offenders = {
  'sums-to-zero': sql`SELECT currency AS id FROM ${lines} AS line WHERE phase = 'posted' GROUP BY currency HAVING sum(amount) <> 0`,
  'transfers-balanced': sql`
    SELECT transfer.id FROM ledger_transfers AS transfer LEFT JOIN ${lines} AS line ON line.transfer_id = transfer.id
    GROUP BY transfer.id
    HAVING count(line.amount) < 2 OR count(line.amount) <> transfer.entry_count OR sum(line.amount) <> 0 OR bool_or(line.mixed)`,
  'posted-as-entries': sql`
    SELECT account.id FROM ledger_accounts AS account
      LEFT JOIN ${lines} AS line ON line.account_id = account.id AND line.phase = 'posted'
    GROUP BY account.id HAVING account.posted <> coalesce(sum(line.amount), 0)`,
  'reserved-as-pending': sql`
    SELECT account.id FROM ledger_accounts AS account LEFT JOIN ${lines} AS line
      ON line.account_id = account.id AND line.amount < 0 AND line.transfer_id IN (SELECT id FROM ${open} AS open)
    GROUP BY account.id HAVING account.reserved <> coalesce(-sum(line.amount), 0)`,
  'never-negative': sql`
    SELECT id FROM ledger_accounts WHERE reserved < 0 OR (kind <> 'clearing' AND posted - reserved < 0)`,
  'pending-ends-once': sql`
    SELECT pending.id FROM ledger_transfers AS pending JOIN ledger_transfers AS ended ON ended.settles = pending.id
    GROUP BY pending.id HAVING count(*) > 1 OR pending.phase <> 'pending'`,
  'ends-as-announced': sql`
    SELECT ended.id FROM ledger_transfers AS ended JOIN ledger_transfers AS pending ON pending.id = ended.settles
    WHERE (ended.kind, ended.contract_id, ended.payment_id) IS DISTINCT FROM (pending.kind, pending.contract_id, pending.payment_id)
      OR (SELECT array_agg((account_id, amount) ORDER BY account_id) FROM ledger_entries WHERE transfer_id = ended.id)
        IS DISTINCT FROM (SELECT array_agg((account_id, amount) ORDER BY account_id) FROM ledger_entries WHERE transfer_id = pending.id)`,
  'between-the-right-accounts': sql`
    SELECT DISTINCT line.transfer_id AS id FROM ${lines} AS line
      LEFT JOIN contracts AS contract ON contract.id = line.contract_id
      LEFT JOIN payments AS payment ON payment.id = line.payment_id
    WHERE (CASE line.account || CASE WHEN line.amount < 0 THEN '-' ELSE '+' END
      WHEN 'clearing-' THEN line.kind = 'funding'
      WHEN 'clearing+' THEN line.kind IN ('refund', 'payout')
      WHEN 'held+' THEN line.kind = 'funding' AND line.owner = contract.client_id
      WHEN 'held-' THEN line.kind IN ('release', 'refund') AND line.owner = contract.client_id
      WHEN 'available+' THEN line.kind = 'release' AND line.owner = contract.worker_id
      WHEN 'available-' THEN line.kind = 'payout' AND line.owner = payment.user_id
      WHEN 'fees+' THEN line.kind = 'release'
    END) IS NOT TRUE`,
  // Also that held = funded - released - refunded: each state says what each of the three is.
  'contracts-hold-what-they-should': sql`
    SELECT id FROM ${escrow} AS contract
    WHERE ((funded, released, refunded, refunding) = CASE
      WHEN status IN ('accepted', 'funding') OR (status = 'cancelled' AND funded_at IS NULL) THEN (0::numeric, 0::numeric, 0::numeric, 0::numeric)
      WHEN status IN ('funded', 'delivered', 'approved', 'disputed') THEN (amount::numeric, 0::numeric, 0::numeric, 0::numeric)
      WHEN status = 'released' THEN (amount::numeric, amount::numeric, 0::numeric, 0::numeric)
      WHEN status = 'cancelled' THEN (amount::numeric, 0::numeric, 0::numeric, amount::numeric)
      WHEN status = 'refunded' THEN (amount::numeric, 0::numeric, amount::numeric, 0::numeric)
      WHEN status = 'resolved' THEN (amount::numeric, worker_share::numeric, amount - worker_share - refunding, refunding)
    END) IS NOT TRUE`,
  'one-effect-per-contract': sql`
    SELECT contract_id AS id FROM ledger_transfers WHERE phase = 'posted' AND contract_id IS NOT NULL
    GROUP BY contract_id, kind HAVING count(*) > 1`,
  'one-effect-per-payment': sql`
    SELECT payment_id AS id FROM ledger_transfers WHERE settles IS NULL AND payment_id IS NOT NULL
    GROUP BY payment_id HAVING count(*) > 1`,
  'one-effect-per-key': sql`
    SELECT key.route || ' ' || key.key AS id FROM (
      SELECT key.caller, key.route, key.key, payment.id AS payment_id, payment.user_id,
        count(*) OVER (PARTITION BY payment.id) AS keys, count(*) OVER (PARTITION BY key.caller, key.route, key.key) AS payments
      FROM idempotency_keys AS key
        CROSS JOIN LATERAL (SELECT CASE WHEN key.body ->> 'id' ~ '^[0-9a-f-]{36}$' THEN (key.body ->> 'id')::uuid END AS id) AS named
        LEFT JOIN LATERAL (
          SELECT id, user_id FROM payments WHERE id = named.id UNION ALL SELECT id, user_id FROM payments WHERE operation_id = named.id
        ) AS payment ON true
      WHERE key.route ~ '^POST .*/(funding|payouts)$' AND key.status IN (201, 202)
    ) AS key
    WHERE payment_id IS NULL OR keys > 1 OR payments > 1 OR caller <> user_id::text`,
  'payments-and-transfers-agree': sql`
    SELECT payment.id FROM payments AS payment
      LEFT JOIN ledger_transfers AS transfer ON transfer.id = payment.transfer_id
      LEFT JOIN ledger_transfers AS ended ON ended.settles = transfer.id
    WHERE (CASE
      WHEN payment.kind = 'charge' AND payment.status <> 'succeeded' THEN transfer.id IS NULL
      ELSE transfer.payment_id = payment.id AND transfer.contract_id IS NOT DISTINCT FROM payment.contract_id
        AND transfer.kind = CASE payment.kind WHEN 'charge' THEN 'funding' ELSE payment.kind END
        AND transfer.currency = payment.currency
        AND (SELECT sum(amount) FROM ledger_entries WHERE transfer_id = transfer.id AND amount > 0) = payment.amount
        AND CASE
          WHEN payment.kind = 'charge' THEN transfer.phase = 'posted'
          ELSE transfer.phase = 'pending' AND ended.phase IS NOT DISTINCT FROM
            CASE payment.status WHEN 'succeeded' THEN 'posted' WHEN 'failed' THEN 'voided' END
        END
    END) IS NOT TRUE
    UNION ALL
    SELECT transfer.id FROM ledger_transfers AS transfer
    WHERE transfer.payment_id IS NOT NULL AND transfer.settles IS NULL
      AND NOT EXISTS (SELECT FROM payments AS payment WHERE payment.transfer_id = transfer.id)`,
} satisfies Record<string, SQL>

/** Ids that are told of one invariant; more are counted. */
const most = 100

export async function findOffenders(tx: Tx, invariant: Invariant): Promise<Found> {
  const { rows } = await tx.execute<{ id: string; count: number }>(sql`
    SELECT id::text, count(*) OVER ()::int AS count FROM (${offenders[invariant]}) AS offender ORDER BY id LIMIT ${most}`)
  return { ids: rows.map(({ id }) => id), count: rows[0]?.count ?? 0 }
}

export type Books = { accounts: number; transfers: number; entries: number; contracts: number; payments: number }

export async function countBooks(tx: Tx): Promise<Books> {
  const count = (table: string) => sql`(SELECT count(*)::int FROM ${sql.identifier(table)})`
  const { rows } = await tx.execute<Books>(sql`
    SELECT ${count('ledger_accounts')} AS accounts, ${count('ledger_transfers')} AS transfers, ${count('ledger_entries')} AS entries,
      ${count('contracts')} AS contracts, ${count('payments')} AS payments`)
  return rows[0] as Books
}

/** All that follows in the transaction sees one moment. To be called first. */
export async function freeze(tx: Tx): Promise<void> {
  await tx.execute(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`)
}
