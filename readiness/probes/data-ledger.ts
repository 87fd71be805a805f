// DAT-05: what nobody can write into the ledger, and what a thousand transfers at once come to.
import type pg from 'pg'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

const atOnce = 1000
/** What one person gets by the one sound statement. */
const byHand = 5

// The service's own code, with a pool that is busy: each of ten people pays others, and all of it is known beforehand.
const crowd = `
  import { randomUUID } from 'node:crypto'
  import { openDatabase } from './src/db/client.ts'
  import { createLedgerService } from './src/modules/ledger/ledger.service.ts'
  const { DATABASE_URL: url, PEOPLE: people, AT_ONCE: count } = process.env
  const times = { connectTimeout: 60_000, statementTimeout: 30_000, lockTimeout: 30_000, idleTransactionTimeout: 30_000 }
  const { db, close } = openDatabase({ url, poolMax: 16, connectionLifetime: 600_000, ...times }, () => {})
  const ledger = createLedgerService({ db })
  const accounts = people.split(' ').map((owner) => ({ owner, kind: 'available', currency: 'EUR' }))
  const move = (from, to, amount) => db.transaction((tx) => ledger.move(tx, {
    kind: 'payout', paymentId: randomUUID(), lines: [{ account: from, amount: -amount }, { account: to, amount }],
  }))
  for (const account of accounts) await move({ owner: null, kind: 'clearing', currency: 'EUR' }, account, 100_000)
  const expected = Object.fromEntries(accounts.map(({ owner }) => [owner, 100_000]))
  const ends = await Promise.allSettled(Array.from({ length: Number(count) }, (_, index) => {
    const [from, to] = [accounts[index % 10], accounts[(index + 1 + (index % 9)) % 10]]
    const amount = 1 + (index % 97)
    expected[from.owner] -= amount
    expected[to.owner] += amount
    return move(from, to, amount)
  }))
  const errors = ends.flatMap(({ reason }) => (reason ? [reason.code + ' ' + reason.message] : []))
  const overdrawn = await move(accounts[0], accounts[1], 10_000_000).then(() => 'done', ({ code }) => code)
  console.log('seen ' + JSON.stringify({ expected, errors, overdrawn }))
  await close()`

type Seen = { expected: Record<string, number>; errors: string[]; overdrawn: string }

export async function ledgerAddsUp(context: Context): Promise<Evidence> {
  const [somebody = '', ...people] = await elevenPeople(context)
  const refused = await nobodyWritesByHand(context, somebody)
  const { expected, errors, overdrawn } = await crowdOf(context, people)
  expected[somebody] = byHand
  if (errors.length > 0) red('transfer-failed', `${errors.length}: ${errors[0]}`)
  if (overdrawn !== 'BALANCE_TOO_SMALL') red('went-negative', overdrawn)
  const accounts = await context.sql.owner<{ owner: string; kind: string; posted: number; entries: number }>(`
    SELECT user_id AS owner, kind, posted::float8, (SELECT sum(amount)::float8 FROM ledger_entries WHERE account_id = id) AS entries
    FROM ledger_accounts ORDER BY user_id`)
  for (const { owner, kind, posted, entries } of accounts) {
    if (kind !== 'clearing' && entries !== expected[owner]) red('entries-differ', `${entries}, not ${expected[owner]}`)
    if (posted !== entries) red('balance-differs', `${kind}: ${posted}, and its entries come to ${entries}`)
  }
  const [{ sum } = { sum: NaN }] = await context.sql.owner<{ sum: number }>(
    'SELECT sum(amount)::int FROM ledger_entries',
  )
  if (sum !== 0) red('not-zero', String(sum))
  return { refused, atOnce, failed: errors.length, accounts: accounts.length, sum, overdrawn }
}

async function elevenPeople({ sql }: Context): Promise<string[]> {
  const rows = await sql.owner<{ id: string }>(`
    INSERT INTO users (email, name, role, password_hash)
    SELECT 'worker-' || uuidv7() || '@example.com', 'A worker', 'worker', '$argon2id$' FROM generate_series(1, 11) RETURNING id`)
  return rows.map(({ id }) => id)
}

async function crowdOf({ finish, sql }: Context, people: string[]): Promise<Seen> {
  const before = await deadlocks(sql)
  const env = { PEOPLE: people.join(' '), AT_ONCE: String(atOnce) }
  const { code, said } = await finish(['--input-type=module', '-e', crowd], env, 60_000)
  const line = said.split('\n').find((text) => text.startsWith('seen '))
  if (code !== 0 || !line) red('crowd-failed', said.slice(0, 500))
  const met = (await deadlocks(sql)) - before
  if (met > 0) red('deadlocks', String(met))
  return JSON.parse(line.slice(5))
}

async function deadlocks(sql: Context['sql']): Promise<number> {
  const asked = 'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()'
  const [row] = await sql.owner<{ deadlocks: number }>(asked)
  return row?.deadlocks ?? 0
}

const transfer = (entries: string) => `
  WITH made AS (
    INSERT INTO ledger_transfers (phase, kind, payment_id, currency, entry_count) VALUES ('posted', 'payout', uuidv7(), 'EUR', 2) RETURNING id
  )
  INSERT INTO ledger_entries (transfer_id, account_id, currency, amount)
  SELECT made.id, account.id, 'EUR', amount FROM made CROSS JOIN (VALUES ${entries}) AS line (kind, amount)
    JOIN ledger_accounts AS account ON account.kind = line.kind`

/** By the reason that it is when one of them passes: statements, and the SQLSTATE or constraint that refuses each. */
const forbidden: Record<string, [statement: string, refusal: string][]> = {
  'unbalanced-allowed': [
    [transfer("('clearing', -5), ('available', 6)"), 'ledger_transfers_balanced'],
    [transfer("('available', 5)"), 'ledger_transfers_balanced'],
    [
      "INSERT INTO ledger_transfers (phase, kind, payment_id, currency, entry_count) VALUES ('posted', 'payout', uuidv7(), 'EUR', 2)",
      'ledger_transfers_balanced',
    ],
  ],
  'went-negative': [[transfer("('clearing', 1000), ('available', -1000)"), 'ledger_accounts_balance_enough']],
  'fraction-allowed': [['UPDATE ledger_accounts SET posted = posted + 0.5 WHERE posted <> 0', '42501']],
  'entry-changeable': [
    ['UPDATE ledger_entries SET amount = amount + 1', '42501'],
    ['DELETE FROM ledger_entries', '42501'],
    ["UPDATE ledger_transfers SET phase = 'posted'", '42501'],
    ['DELETE FROM ledger_transfers', '42501'],
    ['TRUNCATE ledger_entries', '42501'],
  ],
  'balance-writable': [
    ['UPDATE ledger_accounts SET posted = posted + 1', '42501'],
    ["INSERT INTO ledger_accounts (kind, currency, posted) VALUES ('fees', 'EUR', 5)", '42501'],
    ['DELETE FROM ledger_accounts', '42501'],
  ],
}
/** As the owner of the tables. */
const forbiddenToAll = [
  'UPDATE ledger_entries SET amount = amount + 1',
  'DELETE FROM ledger_entries',
  "UPDATE ledger_transfers SET phase = 'posted'",
  'DELETE FROM ledger_transfers',
  'TRUNCATE ledger_entries',
  'TRUNCATE ledger_transfers CASCADE',
]

/** Answers how many were refused. */
async function nobodyWritesByHand({ sql }: Context, person: string): Promise<number> {
  const [service, owner] = await Promise.all([sql.session('app'), sql.session('owner')])
  await service.query(`
    INSERT INTO ledger_accounts (user_id, kind, currency) VALUES (NULL, 'clearing', 'EUR'), ('${person}', 'available', 'EUR');
    ${transfer(`('clearing', -${byHand}), ('available', ${byHand})`)}`)
  const tries = Object.entries(forbidden).flatMap(([reason, list]) => list.map(([text, by]) => ({ reason, text, by })))
  for (const { reason, text, by } of tries) {
    const error = await attempt(service, text)
    if (error?.constraint !== by && error?.code !== by) red(reason, `${error?.message ?? 'done'}: ${text}`)
  }
  for (const text of forbiddenToAll) {
    const error = await attempt(owner, text)
    if (error?.code !== '55000') red('entry-changeable', `${error?.message ?? 'done'}, as the owner: ${text}`)
  }
  return tries.length + forbiddenToAll.length
}

/** The error of a statement with its COMMIT; undefined when there is none. Of the ledger nothing can be undone: it counts. */
async function attempt(session: pg.Client, text: string): Promise<pg.DatabaseError | undefined> {
  return session.query(text).then(
    () => undefined,
    (error: pg.DatabaseError) => error,
  )
}
