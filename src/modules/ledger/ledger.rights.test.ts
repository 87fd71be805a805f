// What nobody can write into the ledger by SQL of their own: neither the service nor, in part, the owner of its tables.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { insertContracts, type MadeContract } from '../../../test/contracts.ts'
import type { AccountRef } from './ledger.service.ts'

const { database, db, services } = await buildTestApp()
const { ledger } = services
const owner = new pg.Client(database.ownerUrl)
const service = new pg.Client(database.appUrl)
let contract: MadeContract
let pending: string

/** A contract of 1000 that is funded, and its refund, which is pending. */
beforeAll(async () => {
  await Promise.all([owner.connect(), service.connect()])
  contract = (await insertContracts(database, [1000]))[0] as MadeContract
  const clearing = { owner: null, kind: 'clearing' as const, currency: 'EUR' }
  const held = { owner: contract.clientId, kind: 'held' as const, currency: 'EUR' }
  const fees = { owner: null, kind: 'fees' as const, currency: 'EUR' }
  const between = (amount: number, to: AccountRef = held) => [
    { account: clearing, amount: -amount },
    { account: to, amount },
  ]
  const about = { contractId: contract.id, paymentId: randomUUID() }
  await db.transaction((tx) => ledger.move(tx, { kind: 'funding', ...about, lines: between(1000) }))
  const paid = { kind: 'payout' as const, paymentId: randomUUID(), lines: between(7, fees) }
  await db.transaction((tx) => ledger.move(tx, paid))
  const refund = { kind: 'refund' as const, ...about, paymentId: randomUUID(), lines: between(-1000) }
  pending = await db.transaction((tx) => ledger.reserve(tx, refund))
})
afterAll(() => Promise.all([owner.end(), service.end()]))

test.each([
  ['change an entry', 'UPDATE ledger_entries SET amount = amount'],
  ['delete an entry', 'DELETE FROM ledger_entries'],
  ['change a transfer', "UPDATE ledger_transfers SET phase = 'posted'"],
  ['delete a transfer', 'DELETE FROM ledger_transfers'],
  ['empty the tables', 'TRUNCATE ledger_entries, ledger_transfers'],
  ['write a balance', 'UPDATE ledger_accounts SET posted = posted + 1'],
  ['make an account that has money', "INSERT INTO ledger_accounts (kind, currency, posted) VALUES ('fees', 'PLN', 5)"],
  ['delete an account', 'DELETE FROM ledger_accounts'],
  ['switch a check off', 'ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_keep_balances'],
])('the service may not %s', async (_, text) => {
  await expect(service.query(text)).rejects.toMatchObject({ code: '42501' })
})

test.each([
  'UPDATE ledger_entries SET amount = amount',
  'DELETE FROM ledger_entries',
  "UPDATE ledger_transfers SET phase = 'posted'",
  'DELETE FROM ledger_transfers WHERE false',
  'TRUNCATE ledger_entries',
  'TRUNCATE ledger_accounts CASCADE',
])('the owner is refused too: %s', async (text) => {
  await expect(owner.query(text)).rejects.toMatchObject({ code: '55000' })
})

const entry = (account: string, amount: number, currency = 'EUR') =>
  `INSERT INTO ledger_entries SELECT id, (SELECT id FROM ledger_accounts WHERE ${account} LIMIT 1), '${currency}', ${amount} FROM made`
const made = (entries: string[], columns = "'posted', 'payout', uuidv7(), 'EUR', 2") => `
  WITH made AS (
    INSERT INTO ledger_transfers (phase, kind, payment_id, currency, entry_count) VALUES (${columns}) RETURNING id
  ), ${entries.map((text, index) => `entry${index} AS (${text})`).join(', ')} SELECT FROM made`
const clearing = "kind = 'clearing' AND currency = 'EUR'"
const fees = "kind = 'fees' AND currency = 'EUR'"

test.each([
  ['does not sum to zero', made([entry(clearing, -5), entry(fees, 6)]), 'ledger_transfers_balanced'],
  ['has one entry', made([entry(fees, 5)]), 'ledger_transfers_balanced'],
  [
    'has fewer entries than it says',
    made([entry(clearing, -5), entry(fees, 5)], "'posted', 'payout', uuidv7(), 'EUR', 3"),
    'ledger_transfers_balanced',
  ],
  [
    'has no entries',
    "INSERT INTO ledger_transfers (phase, kind, payment_id, currency, entry_count) VALUES ('posted', 'payout', uuidv7(), 'EUR', 2)",
    'ledger_transfers_balanced',
  ],
  ['mixes currencies', made([entry(clearing, -5), entry(fees, 5, 'USD')]), 'ledger_entries_transfer_exists'],
  [
    'touches an account of another currency',
    made([entry(clearing, -5, 'USD'), entry(fees, 5, 'USD')], "'posted', 'payout', uuidv7(), 'USD', 2"),
    'ledger_entries_account_exists',
  ],
  ['moves nothing', made([entry(clearing, 0), entry(fees, 0)]), 'ledger_entries_amount_not_zero'],
  [
    'takes what is not there',
    made([entry(clearing, 999_999_999), entry(fees, -999_999_999)]),
    'ledger_accounts_balance_enough',
  ],
])('the service can’t add a transfer that %s', async (_, text, constraint) => {
  await expect(service.query(text)).rejects.toMatchObject({ constraint })
})

test('the service can add a transfer that is sound, and no entry to it later', async () => {
  await service.query(made([entry(clearing, -5), entry(fees, 5)]))
  const later = `WITH made AS (SELECT id FROM ledger_transfers WHERE kind = 'payout' AND entry_count = 2 ORDER BY id DESC LIMIT 1),
    more AS (${entry("kind = 'held' AND currency = 'EUR' AND posted > 0", 1)}) SELECT`
  await expect(service.query(later)).rejects.toMatchObject({ constraint: 'ledger_entries_balanced' })
})

test('the service can’t end a transfer by another amount, or as another kind', async () => {
  const end = (amount: number, kind: string) => `
    WITH made AS (
      INSERT INTO ledger_transfers (phase, settles, kind, contract_id, payment_id, currency, entry_count)
      SELECT 'posted', id, '${kind}', contract_id, payment_id, currency, 2 FROM ledger_transfers WHERE id = '${pending}' RETURNING id
    ), one AS (${entry(clearing, amount)}), two AS (${entry("kind = 'held'", -amount)}) SELECT`
  await expect(service.query(end(999, 'refund'))).rejects.toMatchObject({
    constraint: 'ledger_transfers_ends_the_same',
  })
  await expect(service.query(end(1000, 'funding'))).rejects.toMatchObject({ code: '23505' })
  await service.query(end(1000, 'refund'))
  expect(await ledger.wallet(contract.clientId)).toEqual([{ currency: 'EUR', available: 0, reserved: 0, held: 0 }])
})
