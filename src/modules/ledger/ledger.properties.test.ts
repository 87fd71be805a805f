import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { insertContracts } from '../../../test/contracts.ts'
import { withClient } from '../../../tools/create-database.ts'
import { type AccountRef, createLedgerService, type Movement } from './ledger.service.ts'

const { db, database } = await buildTestApp({ env: { DATABASE_POOL_MAX: '20', DATABASE_CONNECT_TIMEOUT_MS: '60000' } })
const ledger = createLedgerService({ reads: { newest: db } })
const sql = <T extends object>(text: string) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query<T>(text)).rows)

/** `count` accounts of new people, and clearing. */
async function newAccounts(count: number): Promise<AccountRef[]> {
  const people = await insertContracts(database, Array(count).fill(1))
  const own = people.map(({ workerId }) => ({ owner: workerId, kind: 'available' as const, currency: 'EUR' }))
  return [{ owner: null, kind: 'clearing', currency: 'EUR' }, ...own]
}

/** From one account to another, as a payout: the one kind that no contract bounds. */
const between = (from: AccountRef, to: AccountRef, amount: number): Movement => ({
  kind: 'payout',
  paymentId: randomUUID(),
  lines: [
    { account: from, amount: -amount },
    { account: to, amount },
  ],
})

/** What is wrong with the books: nothing but what entries add up to counts. */
async function flaws(): Promise<object[]> {
  return sql(`
    SELECT 'sum' AS what, currency AS of FROM ledger_entries GROUP BY currency HAVING sum(amount) <> 0
    UNION ALL
    SELECT 'balance', id::text FROM ledger_accounts
    WHERE posted <> (
      SELECT coalesce(sum(amount), 0) FROM ledger_entries JOIN ledger_transfers ON ledger_transfers.id = transfer_id
      WHERE account_id = ledger_accounts.id AND phase = 'posted'
    ) OR reserved <> (
      SELECT coalesce(-sum(amount), 0) FROM ledger_entries JOIN ledger_transfers AS pending ON pending.id = transfer_id
      WHERE account_id = ledger_accounts.id AND phase = 'pending' AND amount < 0
        AND NOT EXISTS (SELECT FROM ledger_transfers WHERE settles = pending.id)
    )
    UNION ALL
    SELECT 'negative', id::text FROM ledger_accounts WHERE kind <> 'clearing' AND posted < reserved`)
}

const step = fc.record({
  does: fc.constantFrom('move', 'move', 'reserve', 'reserve', 'post', 'cancel'),
  from: fc.nat(3),
  to: fc.nat(2),
  amount: fc.integer({ min: 1, max: 100 }),
  which: fc.nat(9),
})

test('whatever moves, is reserved, posted and cancelled: balances are what a simple book says, and never below zero', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const accounts = await newAccounts(3)
      const book = accounts.map(() => ({ posted: 0, reserved: 0 }))
      const pending: { id: string; from: number; to: number; amount: number }[] = []
      for (const { does, from, to: other, amount, which } of steps) {
        const to = other < from ? other : other + 1
        const [payer, payee] = [book[from], book[to]] as [(typeof book)[0], (typeof book)[0]]
        if (does === 'post' || does === 'cancel') {
          const [open] = pending.splice(which % (pending.length || 1), 1)
          if (!open) continue
          await db.transaction((tx) => ledger[does](tx, open.id))
          const [source, target] = [book[open.from], book[open.to]] as [(typeof book)[0], (typeof book)[0]]
          source.reserved -= open.amount
          if (does === 'post')
            [source.posted, target.posted] = [source.posted - open.amount, target.posted + open.amount]
          continue
        }
        const movement = between(accounts[from] as AccountRef, accounts[to] as AccountRef, amount)
        const done = db.transaction((tx) => ledger[does as 'move' | 'reserve'](tx, movement))
        if (from !== 0 && payer.posted - payer.reserved < amount) {
          await expect(done).rejects.toMatchObject({ code: 'BALANCE_TOO_SMALL' })
          continue
        }
        const id = await done
        if (does === 'reserve') {
          pending.push({ id, from, to, amount })
          payer.reserved += amount
        } else [payer.posted, payee.posted] = [payer.posted - amount, payee.posted + amount]
      }
      for (const [index, { owner }] of accounts.entries()) {
        if (!owner) continue
        const { posted, reserved } = book[index] as (typeof book)[0]
        const [seen = { available: 0, reserved: 0 }] = await ledger.wallet(owner)
        expect(seen).toMatchObject({ available: posted - reserved, reserved })
      }
    }),
    { numRuns: 30 },
  )
  expect(await flaws()).toEqual([])
})

test('of a thousand transfers at once between ten accounts each is counted exactly, and no deadlock reaches anyone', async () => {
  const [clearing, ...accounts] = (await newAccounts(10)) as [AccountRef, ...AccountRef[]]
  for (const account of accounts) await db.transaction((tx) => ledger.move(tx, between(clearing, account, 1_000_000)))
  const before = await deadlocks()
  const book = accounts.map(() => 1_000_000)
  const transfers = Array.from({ length: 1000 }, (_, index) => {
    const from = index % 10
    const to = (from + 1 + (index % 9)) % 10
    const amount = 1 + (index % 97)
    book[from] = (book[from] ?? 0) - amount
    book[to] = (book[to] ?? 0) + amount
    return between(accounts[from] as AccountRef, accounts[to] as AccountRef, amount)
  })
  const ends = await Promise.allSettled(transfers.map((one) => db.transaction((tx) => ledger.move(tx, one))))
  expect(ends.filter(({ status }) => status === 'rejected')).toEqual([])
  const seen = await Promise.all(
    accounts.map(async ({ owner }) => (await ledger.wallet(owner as string))[0]?.available),
  )
  expect(seen).toEqual(book)
  expect([await flaws(), await deadlocks()]).toEqual([[], before])
}, 60_000)

test('of many that want the last of an account at once, as many get it as it has', async () => {
  const [clearing, account] = (await newAccounts(1)) as [AccountRef, AccountRef]
  await db.transaction((tx) => ledger.move(tx, between(clearing, account, 50)))
  const ends = await Promise.allSettled(
    Array.from({ length: 40 }, (_, index) =>
      db.transaction((tx) => (index % 2 ? ledger.move : ledger.reserve)(tx, between(account, clearing, 10))),
    ),
  )
  const refused = ends.filter((end) => end.status === 'rejected' && end.reason.code === 'BALANCE_TOO_SMALL')
  expect([refused.length, await flaws()]).toEqual([35, []])
})

test('accounts that many need first are made once', async () => {
  const [clearing, ...accounts] = (await newAccounts(2)) as [AccountRef, ...AccountRef[]]
  const inDollars = (account: AccountRef) => ({ ...account, currency: 'CHF' })
  await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      db.transaction((tx) =>
        ledger.move(tx, between(inDollars(clearing), inDollars(accounts[index % 2] as AccountRef), 1)),
      ),
    ),
  )
  expect(await sql("SELECT posted::int FROM ledger_accounts WHERE currency = 'CHF' ORDER BY posted")).toEqual([
    { posted: -40 },
    { posted: 20 },
    { posted: 20 },
  ])
})

async function deadlocks(): Promise<number> {
  const [row] = await sql<{ deadlocks: number }>(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  )
  return row?.deadlocks ?? 0
}
