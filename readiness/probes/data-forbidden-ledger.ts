// The part of data-forbidden.ts about the ledger.
type People = { client: string; worker: string; nobody: string }
type Contracts = { first: string; second: string }

const uuid = (number: number) => `'00000000-0000-7000-8000-${String(number).padStart(12, '0')}'`
const [clearing, held] = [uuid(81), uuid(82)]
const payment = (number: number) => uuid(110 + number)
const transfer = (number: number) => uuid(90 + number)

const row = (number: number, phase: string, kind: string, contract: string, paid: number, settles = 'NULL') =>
  `(${transfer(number)}, '${phase}', ${settles}, '${kind}', ${contract}, ${payment(paid)}, 'EUR', 2)`
const entries = (id: string, amount: number) =>
  `(${id}, ${clearing}, 'EUR', ${amount}), (${id}, ${held}, 'EUR', ${-amount})`
const columns = '(id, phase, settles, kind, contract_id, payment_id, currency, entry_count)'

// Both contracts are funded with 100; of three refunds two are voided again, and the third, of 10, is pending.
export const ledgerRows = ({ client, worker }: People, { first, second }: Contracts) => `
  INSERT INTO ledger_accounts (id, user_id, kind, currency) VALUES
    (${clearing}, NULL, 'clearing', 'EUR'), (${held}, ${client}, 'held', 'EUR'), (${uuid(83)}, ${worker}, 'available', 'EUR');
  INSERT INTO ledger_transfers ${columns} VALUES
    ${row(1, 'posted', 'funding', first, 1)}, ${row(2, 'posted', 'funding', second, 2)},
    ${row(3, 'pending', 'refund', first, 3)}, ${row(4, 'pending', 'refund', second, 4)},
    ${row(5, 'voided', 'refund', first, 3, transfer(3))}, ${row(6, 'voided', 'refund', second, 4, transfer(4))},
    ${row(7, 'pending', 'refund', first, 5)};
  INSERT INTO ledger_entries (transfer_id, account_id, currency, amount) VALUES
    ${[1, 2].map((number) => entries(transfer(number), -100)).join(', ')};
  INSERT INTO ledger_entries (transfer_id, account_id, currency, amount) VALUES
    ${[3, 4, 5, 6, 7].map((number) => entries(transfer(number), 10)).join(', ')};
  SET CONSTRAINTS ALL IMMEDIATE;
  -- For what their constraints refuse: that they can't be changed at all is another control.
  ALTER TABLE ledger_transfers DISABLE TRIGGER ledger_transfers_append_only, DISABLE TRIGGER ledger_transfers_rows_append_only;
  ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_append_only, DISABLE TRIGGER ledger_entries_rows_append_only`

export const forbiddenOfLedger = (
  { client, nobody }: People,
  { first }: Contracts,
): Record<string, Record<string, string | string[]>> => ({
  ledger_accounts: {
    ledger_accounts_pkey: `id = ${nobody}`,
    ledger_accounts_user_exists: `user_id = ${nobody} WHERE id = ${held}`,
    ledger_accounts_one_of_a_kind: [
      `user_id = ${client}, kind = 'held' WHERE user_id IS NOT NULL`,
      "user_id = NULL, kind = 'clearing'",
    ],
    ledger_accounts_kind_known: `kind = 'lost' WHERE id = ${held}`,
    ledger_accounts_owner_fits_kind: [
      `user_id = NULL WHERE id = ${held}`,
      `user_id = ${client} WHERE id = ${clearing}`,
    ],
    ledger_accounts_currency_shape: "currency = 'eur'",
    ledger_accounts_posted_bounds: ['posted = 9007199254740992', `posted = -9007199254740992 WHERE id = ${clearing}`],
    ledger_accounts_reserved_not_negative: 'reserved = -1',
    ledger_accounts_balance_enough: [
      `posted = -1, reserved = 0 WHERE id = ${held}`,
      `reserved = posted + 1 WHERE id = ${held}`,
    ],
  },
  ledger_transfers: {
    ledger_transfers_pkey: `id = ${nobody}`,
    ledger_transfers_ends_once: `settles = ${transfer(3)} WHERE phase = 'voided'`,
    ledger_transfers_settles_exists: `settles = ${nobody} WHERE id = ${transfer(5)}`,
    ledger_transfers_contract_exists: `contract_id = ${nobody} WHERE id = ${transfer(3)}`,
    ledger_transfers_phase_known: "phase = 'lost'",
    ledger_transfers_pending_settles_nothing: `settles = ${transfer(1)} WHERE id = ${transfer(7)}`,
    ledger_transfers_voided_settles: "settles = NULL WHERE phase = 'voided'",
    ledger_transfers_kind_known: "kind = 'gift'",
    ledger_transfers_contract_fits_kind: ['contract_id = NULL', "kind = 'payout'"],
    ledger_transfers_payment_fits_kind: ['payment_id = NULL', "kind = 'release'"],
    ledger_transfers_currency_shape: "currency = 'eur'",
    ledger_transfers_entry_count_bounds: ['entry_count = 1', 'entry_count = 11'],
    ledger_transfers_one_per_payment: `payment_id = ${payment(1)} WHERE settles IS NULL`,
    ledger_transfers_one_effect_per_contract: `contract_id = ${first} WHERE phase = 'posted'`,
  },
  ledger_entries: {
    ledger_entries_pkey: `account_id = ${clearing}`,
    ledger_entries_transfer_exists: [
      `transfer_id = ${nobody} WHERE transfer_id = ${transfer(1)}`,
      `currency = 'USD' WHERE transfer_id = ${transfer(1)}`,
    ],
    ledger_entries_account_exists: `account_id = ${nobody} WHERE account_id = ${held}`,
    ledger_entries_amount_not_zero: 'amount = 0',
    ledger_entries_amount_bounds: ['amount = 1000000000001', 'amount = -1000000000001'],
  },
})

const made = (values: string, amount: number) => `
  WITH made AS (INSERT INTO ledger_transfers ${columns} VALUES ${values})
  INSERT INTO ledger_entries (transfer_id, account_id, currency, amount) VALUES ${entries(transfer(8), amount)}`

/** What is held against more than one row. */
export const insertedOfLedger = ({ first }: Contracts): Record<string, string> => ({
  ledger_transfers_balanced: `INSERT INTO ledger_transfers ${columns} VALUES ${row(8, 'posted', 'payout', 'NULL', 8)}`,
  ledger_entries_balanced: `INSERT INTO ledger_entries VALUES (${transfer(1)}, ${uuid(83)}, 'EUR', 1)`,
  ledger_transfers_contract_holds_it: made(row(8, 'pending', 'refund', first, 8), 91),
  ledger_transfers_ends_the_same: made(row(8, 'posted', 'refund', first, 5, transfer(7)), 9),
})

/** There for foreign keys alone: the primary key refuses whatever they would. */
export const impliedOfLedger: readonly string[] = [
  'ledger_accounts_id_and_currency',
  'ledger_transfers_id_and_currency',
]

export const optionalOfLedger: readonly string[] = [
  ...['ledger_accounts.user_id', 'ledger_transfers.settles'],
  ...['ledger_transfers.contract_id', 'ledger_transfers.payment_id'],
]
