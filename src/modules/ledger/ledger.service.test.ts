import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { insertContracts, type MadeContract } from '../../../test/contracts.ts'
import { createLedgerService, type Movement } from './ledger.service.ts'

const { db, database } = await buildTestApp()
const ledger = createLedgerService({ reads: { newest: db } })

const platform = (kind: 'fees' | 'clearing', currency = 'EUR') => ({ owner: null, kind, currency })
const of = (userId: string, kind: 'available' | 'held', currency = 'EUR') => ({ owner: userId, kind, currency })
const contract = async (amount = 1000) => (await insertContracts(database, [amount]))[0] as MadeContract
const move = (movement: Movement) => db.transaction((tx) => ledger.move(tx, movement))
const reserve = (movement: Movement) => db.transaction((tx) => ledger.reserve(tx, movement))
const post = (id: string) => db.transaction((tx) => ledger.post(tx, id))
const cancel = (id: string) => db.transaction((tx) => ledger.cancel(tx, id))

const funding = ({ id, clientId, amount }: MadeContract): Movement => ({
  kind: 'funding',
  contractId: id,
  paymentId: randomUUID(),
  lines: [
    { account: platform('clearing'), amount: -amount },
    { account: of(clientId, 'held'), amount },
  ],
})
const release = ({ id, clientId, workerId, amount }: MadeContract, fee = 0): Movement => ({
  kind: 'release',
  contractId: id,
  lines: [
    { account: of(clientId, 'held'), amount: -amount },
    { account: of(workerId, 'available'), amount: amount - fee },
    { account: platform('fees'), amount: fee },
  ],
})
const refund = ({ id, clientId, amount }: MadeContract): Movement => ({
  kind: 'refund',
  contractId: id,
  paymentId: randomUUID(),
  lines: [
    { account: of(clientId, 'held'), amount: -amount },
    { account: platform('clearing'), amount },
  ],
})
const payout = (userId: string, amount: number, paymentId: string = randomUUID()): Movement => ({
  kind: 'payout',
  paymentId,
  lines: [
    { account: of(userId, 'available'), amount: -amount },
    { account: platform('clearing'), amount },
  ],
})
const balance = { currency: 'EUR', available: 0, reserved: 0, held: 0 }

describe('a movement', () => {
  test('goes from the client by the platform to the worker, and out', async () => {
    const made = await contract()
    await move(funding(made))
    expect(await ledger.wallet(made.clientId)).toEqual([{ ...balance, held: 1000 }])
    await move(release(made, 100))
    expect(await ledger.wallet(made.clientId)).toEqual([balance])
    expect(await ledger.wallet(made.workerId)).toEqual([{ ...balance, available: 900 }])
    const pending = await reserve(payout(made.workerId, 600))
    expect(await ledger.wallet(made.workerId)).toEqual([{ ...balance, available: 300, reserved: 600 }])
    await post(pending)
    expect(await ledger.wallet(made.workerId)).toEqual([{ ...balance, available: 300 }])
  })

  test('that was reserved and cancelled leaves all as it was', async () => {
    const made = await contract()
    await move(funding(made))
    const pending = await reserve(refund(made))
    expect(await ledger.wallet(made.clientId)).toEqual([{ ...balance, reserved: 1000 }])
    await cancel(pending)
    expect(await ledger.wallet(made.clientId)).toEqual([{ ...balance, held: 1000 }])
    await post(await reserve(refund(made)))
    expect(await ledger.wallet(made.clientId)).toEqual([balance])
  })

  test('of more than there is, or than is not reserved, is 409 and moves nothing', async () => {
    const made = await contract()
    await move(funding(made))
    await move(release(made))
    const tooSmall = { status: 409, code: 'BALANCE_TOO_SMALL' }
    await expect(move(payout(made.workerId, 1001))).rejects.toMatchObject(tooSmall)
    await reserve(payout(made.workerId, 400))
    await expect(reserve(payout(made.workerId, 601))).rejects.toMatchObject(tooSmall)
    await expect(move(payout(randomUUID(), 1))).rejects.toThrow()
    expect(await ledger.wallet(made.workerId)).toEqual([{ ...balance, available: 600, reserved: 400 }])
  })

  test('is refused when its lines are not sound', async () => {
    const { workerId } = await contract()
    const [out, into] = payout(workerId, 5).lines as [Movement['lines'][0], Movement['lines'][0]]
    const unsound: Movement['lines'][] = [
      [],
      [out],
      [out, { ...into, amount: 6 }],
      [out, { account: platform('clearing', 'USD'), amount: 5 }],
      [
        { ...out, amount: 0 },
        { ...into, amount: 0 },
      ],
    ]
    for (const lines of unsound) {
      await expect(move({ kind: 'payout', paymentId: randomUUID(), lines })).rejects.toThrow('no sound lines')
    }
    const twice = [out, { ...into, amount: 2 }, { ...into, amount: 3 }]
    await expect(move({ kind: 'payout', paymentId: randomUUID(), lines: twice })).rejects.toThrow()
    for (const amount of [0.5, 1e12 + 1, 2 ** 53]) await expect(move(payout(workerId, amount))).rejects.toThrow()
  })
})

describe('one effect', () => {
  test('is all that a payment has', async () => {
    const made = await contract()
    const paid = funding(made)
    await move(paid)
    await expect(move({ ...funding(await contract()), paymentId: paid.paymentId as string })).rejects.toMatchObject({
      constraint: 'ledger_transfers_one_per_payment',
    })
  })

  test('of each kind is all that a contract has', async () => {
    const [made, other] = (await insertContracts(database, [1000, 5000])) as [MadeContract, MadeContract]
    await move(funding(made))
    await move(funding(other))
    await move(release(made))
    const refused = { constraint: 'ledger_transfers_one_effect_per_contract' }
    for (const again of [funding(made), release(made)]) await expect(move(again)).rejects.toMatchObject(refused)
  })

  test('takes no more than the contract holds, though its client has more', async () => {
    const [made, other] = (await insertContracts(database, [1000, 5000])) as [MadeContract, MadeContract]
    await move(funding(made))
    await move(funding(other))
    const refused = { constraint: 'ledger_transfers_contract_holds_it' }
    await expect(move(release({ ...made, amount: 1001 }))).rejects.toMatchObject(refused)
    await reserve(refund({ ...made, amount: 600 }))
    await expect(move(release({ ...made, amount: 401 }))).rejects.toMatchObject(refused)
    await move(release({ ...made, amount: 400 }))
    const dollars = (movement: Movement) => ({
      ...movement,
      lines: movement.lines.map(({ account, amount }) => ({ account: { ...account, currency: 'USD' }, amount })),
    })
    await expect(move(dollars(funding(await contract())))).rejects.toMatchObject(refused)
  })

  test('is the end of what is pending, of two at once too', async () => {
    const made = await contract()
    await move(funding(made))
    const pending = await reserve(refund(made))
    const ends = await Promise.allSettled([post(pending), cancel(pending), post(pending), cancel(pending)])
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const end of [post, cancel]) await expect(end(pending)).rejects.toThrow('has ended')
  })

  test('is not the end of what was posted at once, or never was', async () => {
    const made = await contract()
    const posted = await move(funding(made))
    for (const id of [posted, randomUUID()]) await expect(post(id)).rejects.toThrow('is not pending')
  })
})
