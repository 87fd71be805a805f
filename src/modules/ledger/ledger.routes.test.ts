import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'

const { call, signUp, services, db, database } = await buildTestApp()
const [worker, other] = [await signUp('worker'), await signUp('worker')]

/** As if it had been earned: what leaves the account again is a payout. */
async function give(userId: string, amount: number, currency: string) {
  const lines = [
    { account: { owner: null, kind: 'clearing' as const, currency }, amount: -amount },
    { account: { owner: userId, kind: 'available' as const, currency }, amount },
  ]
  await db.transaction((tx) => services.ledger.move(tx, { kind: 'payout', paymentId: randomUUID(), lines }))
}

test('a wallet is empty before any money moved, and a stranger is told to sign in', async () => {
  const answer = await call('GET', '/v1/me/wallet', { as: other })
  expect([answer.statusCode, answer.json()]).toEqual([200, { balances: [] }])
  expect((await call('GET', '/v1/me/wallet')).statusCode).toBe(401)
})

test('a wallet says what there is in each currency, to its owner alone, and so does the export of their data', async () => {
  await give(worker.id, 5000, 'EUR')
  await give(worker.id, 70, 'JPY')
  await db.transaction((tx) =>
    services.ledger.reserve(tx, {
      kind: 'payout',
      paymentId: randomUUID(),
      lines: [
        { account: { owner: worker.id, kind: 'available', currency: 'EUR' }, amount: -1200 },
        { account: { owner: null, kind: 'clearing', currency: 'EUR' }, amount: 1200 },
      ],
    }),
  )
  const { balances } = (await call('GET', '/v1/me/wallet', { as: worker })).json()
  expect(balances).toEqual([
    { currency: 'EUR', available: 3800, reserved: 1200, held: 0 },
    { currency: 'JPY', available: 70, reserved: 0, held: 0 },
  ])
  expect((await call('GET', '/v1/me/wallet', { as: other })).json().balances).toEqual([])

  const { id } = (await call('POST', '/v1/me/data-exports', { as: worker })).json()
  const [event] = await withClient(database.ownerUrl, async (owner) => {
    return (await owner.query("SELECT id, payload FROM outbox WHERE kind = 'data-export.requested'")).rows
  })
  await services.exports.make(event, event.payload)
  const { result } = (await call('GET', `/v1/operations/${id}`, { as: worker })).json()
  const document = (await call('GET', result.href, { as: worker })).json()
  expect(document.balances.entries).toMatchObject([
    { kind: 'available', currency: 'EUR', posted: 5000, reserved: 1200 },
    { kind: 'available', currency: 'JPY', posted: 70, reserved: 0 },
  ])
  expect(document.transfers.entries).toMatchObject([
    { phase: 'posted', currency: 'EUR', amount: 5000 },
    { phase: 'posted', currency: 'JPY', amount: 70 },
    { phase: 'pending', currency: 'EUR', amount: -1200 },
  ])
})
