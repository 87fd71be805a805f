import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { insertContracts, type MadeContract } from '../../../test/contracts.ts'
import { withClient } from '../../../tools/create-database.ts'

const { services, db, database, signUp, call } = await buildTestApp()
const { ledger, ledgerVerification } = services
const tables = [
  'ledger_accounts',
  'ledger_transfers',
  'ledger_entries',
  'contracts',
  'payments',
  'audit_log',
  'audit_seals',
]
let made: MadeContract
let paymentId: string

/** As somebody who can do anything, past every trigger. */
const tamper = (...statements: string[]) =>
  withClient(database.adminUrl, async (superuser) => {
    await superuser.query('SET session_replication_role = replica')
    for (const table of tables) await superuser.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
    for (const statement of statements) await superuser.query(statement)
    for (const table of tables) await superuser.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`)
  })

/** What does not hold, and for how many. */
async function flaws() {
  const { verdicts } = await ledgerVerification.verify()
  return Object.fromEntries(verdicts.flatMap(({ name, found }) => (found > 0 ? [[name, found]] : [])))
}

const payment = (kind: string, status: string, amount: number, transfer: string, id: string, charge = 'NULL') => `
  INSERT INTO payments (id, kind, user_id, contract_id, amount, currency, method, charge_id, status, provider_id, transfer_id, finished_at)
  VALUES ('${id}', '${kind}', '${kind === 'payout' ? made.workerId : made.clientId}', ${kind === 'payout' ? 'NULL' : `'${made.id}'`}, ${amount},
    'EUR', ${kind === 'refund' ? 'NULL' : "'m'"}, ${charge}, '${status}', '${randomUUID()}', '${transfer}', ${status === 'pending' ? 'NULL' : 'now()'})`
const clearing = { owner: null, kind: 'clearing' as const, currency: 'EUR' }
const held = () => ({ owner: made.clientId, kind: 'held' as const, currency: 'EUR' })

/** A contract of 1000 that is resolved: 400 went to the worker, 600 are on their way back. */
beforeEach(async () => {
  made = (await insertContracts(database, [1000]))[0] as MadeContract
  paymentId = randomUUID()
  const refundId = randomUUID()
  const funding = await db.transaction((tx) =>
    ledger.move(tx, {
      ...{ kind: 'funding', contractId: made.id, paymentId },
      lines: [
        { account: clearing, amount: -1000 },
        { account: held(), amount: 1000 },
      ],
    }),
  )
  await db.transaction((tx) =>
    ledger.move(tx, {
      ...{ kind: 'release', contractId: made.id },
      lines: [
        { account: held(), amount: -400 },
        { account: { ...held(), owner: made.workerId, kind: 'available' }, amount: 390 },
        { account: { owner: null, kind: 'fees', currency: 'EUR' }, amount: 10 },
      ],
    }),
  )
  const refund = await db.transaction((tx) =>
    ledger.reserve(tx, {
      ...{ kind: 'refund', contractId: made.id, paymentId: refundId },
      lines: [
        { account: held(), amount: -600 },
        { account: clearing, amount: 600 },
      ],
    }),
  )
  await tamper(
    `UPDATE contracts SET status = 'resolved', funded_at = now(), disputed_at = now(), disputed_by = client_id, dispute_reason = 'Why',
      worker_share = 400, ended_at = now() WHERE id = '${made.id}'`,
    payment('charge', 'succeeded', 1000, funding, paymentId),
    payment('refund', 'pending', 600, refund, refundId, `'${paymentId}'`),
  )
})
afterEach(() =>
  tamper(
    `TRUNCATE ${tables.filter((table) => table !== 'contracts').join(', ')} CASCADE`,
    'TRUNCATE contracts, idempotency_keys CASCADE',
  ),
)

test('sound books are found to be sound, and counted', async () => {
  expect(await ledgerVerification.verify()).toMatchObject({
    isSound: true,
    books: { accounts: 4, transfers: 3, entries: 7, contracts: 1, payments: 2 },
  })
})

const lastEntry = 'ctid = (SELECT max(ctid) FROM ledger_entries WHERE amount = -400)'
test.each([
  [
    'an entry is changed',
    `UPDATE ledger_entries SET amount = amount - 1 WHERE ${lastEntry}`,
    ['sums-to-zero', 'transfers-balanced', 'posted-as-entries', 'contracts-hold-what-they-should'],
  ],
  [
    'an entry is removed',
    `DELETE FROM ledger_entries WHERE ${lastEntry}`,
    ['sums-to-zero', 'transfers-balanced', 'posted-as-entries', 'contracts-hold-what-they-should'],
  ],
  [
    'a balance is written',
    "UPDATE ledger_accounts SET posted = posted + 1 WHERE kind = 'available'",
    ['posted-as-entries'],
  ],
  [
    'a reservation is forgotten',
    "UPDATE ledger_accounts SET reserved = 0 WHERE kind = 'held'",
    ['reserved-as-pending'],
  ],
  [
    'a pending transfer is gone',
    "DELETE FROM ledger_entries WHERE transfer_id IN (SELECT id FROM ledger_transfers WHERE phase = 'pending')",
    ['transfers-balanced', 'reserved-as-pending', 'contracts-hold-what-they-should', 'payments-and-transfers-agree'],
  ],
  ['a currency is changed', "UPDATE ledger_entries SET currency = 'USD' WHERE amount = 390", ['transfers-balanced']],
  [
    'money is taken that is not there',
    "ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_balance_enough; UPDATE ledger_accounts SET posted = posted - 5000 WHERE kind = 'available'; UPDATE ledger_entries SET amount = amount - 5000 WHERE amount = 390; ALTER TABLE ledger_accounts ADD CONSTRAINT ledger_accounts_balance_enough CHECK (kind = 'clearing' OR posted - reserved >= 0) NOT VALID",
    ['sums-to-zero', 'transfers-balanced', 'never-negative', 'between-the-right-accounts'],
  ],
  [
    'a contract is set back',
    "UPDATE contracts SET status = 'funded', disputed_at = NULL, disputed_by = NULL, dispute_reason = NULL, worker_share = NULL, ended_at = NULL",
    ['contracts-hold-what-they-should'],
  ],
  ['a contract says another share', 'UPDATE contracts SET worker_share = 500', ['contracts-hold-what-they-should']],
  [
    'money went to somebody else',
    "UPDATE ledger_accounts SET user_id = (SELECT client_id FROM contracts) WHERE kind = 'available'",
    ['between-the-right-accounts'],
  ],
  [
    'a payment is said to have failed',
    "UPDATE payments SET status = 'failed', failure = 'declined' WHERE kind = 'charge'",
    ['payments-and-transfers-agree'],
  ],
  [
    'a payment is said to have succeeded',
    "UPDATE payments SET status = 'succeeded', finished_at = now() WHERE kind = 'refund'",
    ['payments-and-transfers-agree'],
  ],
  [
    'a payment is of another amount',
    "UPDATE payments SET amount = 999 WHERE kind = 'charge'",
    ['payments-and-transfers-agree'],
  ],
  ['a payment is gone', "DELETE FROM payments WHERE kind = 'refund'", ['payments-and-transfers-agree']],
])('when %s it is told', async (_, statement, names) => {
  await tamper(statement)
  expect(Object.keys(await flaws()).sort()).toEqual([...names].sort())
})

test('a second end, an end of something else, and a second effect are told, with their ids', async () => {
  const [open] = await withClient(database.ownerUrl, async (owner) => {
    return (await owner.query("SELECT id FROM ledger_transfers WHERE phase = 'pending'")).rows
  })
  const end = (kind: string) => `
    INSERT INTO ledger_transfers (phase, settles, kind, contract_id, payment_id, currency, entry_count)
    SELECT 'posted', id, '${kind}', contract_id, payment_id, currency, 2 FROM ledger_transfers WHERE phase = 'pending'`
  const drop =
    'ALTER TABLE ledger_transfers DROP CONSTRAINT ledger_transfers_ends_once; DROP INDEX ledger_transfers_one_effect_per_contract'
  await tamper(
    drop,
    end('refund'),
    end('funding'),
    "UPDATE ledger_transfers SET payment_id = uuidv7() WHERE kind = 'refund'",
  )
  const { verdicts } = await ledgerVerification.verify()
  const idsOf = (wanted: string) => verdicts.find(({ name }) => name === wanted)?.ids
  expect(idsOf('pending-ends-once')).toEqual([open.id])
  expect(idsOf('ends-as-announced')).toHaveLength(2)
  expect(idsOf('one-effect-per-contract')).toEqual([made.id])
  await tamper(
    'TRUNCATE ledger_entries, ledger_transfers CASCADE',
    'ALTER TABLE ledger_transfers ADD CONSTRAINT ledger_transfers_ends_once UNIQUE (settles)',
    "CREATE UNIQUE INDEX ledger_transfers_one_effect_per_contract ON ledger_transfers (contract_id, kind) WHERE phase = 'posted'",
  )
})

test('a key that leads to no payment, to another’s, or to that of another key, is told', async () => {
  const key = (name: string, caller: string, id: string) => `
    INSERT INTO idempotency_keys (caller, route, key, body_hash, status, body)
    VALUES ('${caller}', 'POST /v1/contracts/${made.id}/funding', '${name}', '', 201, '{"id": "${id}"}')`
  await tamper(key('good', made.clientId, paymentId))
  expect(await flaws()).toEqual({})
  await tamper(key('second', made.clientId, paymentId))
  expect(await flaws()).toEqual({ 'one-effect-per-key': 2 })
  await tamper('DELETE FROM idempotency_keys', key('lost', made.clientId, randomUUID()))
  expect(await flaws()).toEqual({ 'one-effect-per-key': 1 })
  await tamper('DELETE FROM idempotency_keys', key('stolen', made.workerId, paymentId))
  expect(await flaws()).toEqual({ 'one-effect-per-key': 1 })
})

test('a trail that was tampered with is told', async () => {
  const client = await signUp('client')
  await call('PATCH', '/v1/me', { as: client, body: { name: 'Ada' }, headers: { 'if-match': '*' } })
  await services.seals.sealNew()
  await tamper("UPDATE audit_log SET action = 'lamp.put-out'")
  expect(Object.keys(await flaws())).toEqual(['trail-intact'])
})
