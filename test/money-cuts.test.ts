// Every message that a step with money sends to the database is lost once, and every answer to one: the caller sends the same again, as
// its key lets it, and in the end the money moved once and the books add up.
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { withClient } from '../tools/create-database.ts'
import { createCutter, type Side } from './cutter.ts'
import { buildMoneyApp } from './money.ts'

const cutter = createCutter()
const sql = (text: string) => withClient(app.database.ownerUrl, async (owner) => (await owner.query(text)).rows)
const app = await buildMoneyApp({
  way: cutter.way,
  env: { PAYMENTS_QUICK_MS: '5000', DATABASE_POOL_MAX: '2', DATABASE_CONNECT_TIMEOUT_MS: '20000' },
})
const { agree, step, fund, payOut, seen, client, worker, admin, services, sandbox } = app
type Contract = Awaited<ReturnType<typeof agree>>

/** From an agreed contract to the state in which a step is taken. */
const before = {
  async agreed(): Promise<Contract> {
    return agree({ amount: 10_009, currency: 'EUR' })
  },
  async funded(): Promise<Contract> {
    const contract = await before.agreed()
    expect((await fund(contract)).statusCode).toBe(201)
    return contract
  },
  async delivered(): Promise<Contract> {
    const contract = await before.funded()
    await step(worker, contract, 'delivery')
    return contract
  },
  async approved(): Promise<Contract> {
    const contract = await before.delivered()
    await step(client, contract, 'approval')
    return contract
  },
  async cancelled(): Promise<Contract> {
    const contract = await before.funded()
    await step(worker, contract, 'cancellation')
    return contract
  },
  async disputed(): Promise<Contract> {
    const contract = await before.funded()
    await step(client, contract, 'dispute', { reason: 'It squeaks' })
    return contract
  },
}

type Answer = { statusCode: number }
type Case = {
  name: string
  from: keyof typeof before
  /** Sends the call, or does what a worker does. */
  send: (contract: Contract, key: string) => Promise<Answer>
  /** The state of the contract in the end. */
  to: string
}

/** Of a worker's sweep: it comes again when it failed. */
const swept = (work: () => Promise<unknown>) => () =>
  work().then(
    () => ({ statusCode: 200 }),
    () => ({ statusCode: 503 }),
  )
const cases: Case[] = [
  { name: 'funding', from: 'agreed', to: 'funded', send: (contract, key) => fund(contract, { key }) },
  {
    name: 'delivery',
    from: 'funded',
    to: 'delivered',
    send: (one, key) => step(worker, one, 'delivery', undefined, key),
  },
  {
    name: 'approval',
    from: 'delivered',
    to: 'approved',
    send: (one, key) => step(client, one, 'approval', undefined, key),
  },
  { name: 'release', from: 'approved', to: 'released', send: swept(services.escrow.release) },
  {
    name: 'dispute',
    from: 'funded',
    to: 'disputed',
    send: (one, key) => step(worker, one, 'dispute', { reason: 'Nobody opens' }, key),
  },
  {
    name: 'cancellation',
    from: 'funded',
    to: 'refunded',
    send: (one, key) => step(worker, one, 'cancellation', undefined, key),
  },
  { name: 'refund', from: 'cancelled', to: 'refunded', send: swept(services.payments.tryDue) },
  {
    name: 'resolution',
    from: 'disputed',
    to: 'resolved',
    send: (one, key) =>
      app.call('POST', `/v1/admin/disputes/${one.id}/resolution`, {
        as: admin,
        body: { outcome: 'split', workerAmount: 4000 },
        headers: { 'idempotency-key': key },
      }),
  },
]

describe.each(['before', 'after'] as const)('cut %s the server has it', (side) => {
  test.each(cases)('$name', { timeout: 120_000 }, async ({ from, send, to }) => {
    const cuts = await walk(side, async (cut) => {
      const contract = await before[from]()
      const key = randomUUID()
      await cut(() => send(contract, key))
      expect((await seen(contract)).status).toBe(to)
      expect(chargesOf(contract)).toBe(1)
    })
    expect(cuts).toBeGreaterThan(3)
    await booksAddUp()
  })

  test('payout', { timeout: 120_000 }, async () => {
    for (let turn = 0; turn < 3; turn++) {
      await before.approved()
      await services.escrow.release()
    }
    const cuts = await walk(side, async (cut) => {
      const [had, key, paid] = [await available(), randomUUID(), sandbox.objects('transfer').length]
      await cut(() => payOut(100, { key }))
      expect([await available(), sandbox.objects('transfer').length]).toEqual([had - 100, paid + 1])
    })
    expect(cuts).toBeGreaterThan(3)
    await booksAddUp()
  })
})

const available = async () => (await services.ledger.wallet(worker.id))[0]?.available ?? 0
const chargesOf = ({ id }: { id: string }) =>
  sandbox.objects('charge').filter(({ metadata, status }) => status === 'succeeded' && metadata.contractId === id)
    .length

type Cut = (send: () => Promise<Answer>) => Promise<void>

/** Does it again and again, cut one message later each time, until nothing is left to cut. Answers how many cuts there were. */
async function walk(side: Side, work: (cut: Cut) => Promise<void>): Promise<number> {
  for (let number = 1; ; number++) {
    let isCut = false
    await work(async (send) => {
      cutter.arm(number, side)
      await untilAnswered(send)
      // A worker's part, in which what is left to cut is cut, and then as often as it takes.
      for (let turn = 0; turn === 0 || (await pending()) > 0; turn++) {
        if (turn === 20) throw new Error('A payment never ends')
        await sql("UPDATE payments SET next_try_at = now() WHERE status = 'pending'")
        await services.payments.tryDue().catch(() => {})
      }
      isCut = cutter.disarm()
    })
    if (!isCut) return number - 1
  }
}

const pending = async () => Number((await sql("SELECT count(*) FROM payments WHERE status = 'pending'"))[0].count)

/** As a client does: the same call under the same key until it is answered, and not by a failure. */
async function untilAnswered(send: () => Promise<Answer>): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const answer = await send()
    if (answer.statusCode < 300) return
    expect([409, 500, 503]).toContain(answer.statusCode)
  }
  throw new Error('It is never answered')
}

async function booksAddUp(): Promise<void> {
  const { isSound, verdicts } = await services.ledgerVerification.verify()
  expect(verdicts.filter(({ found }) => found > 0)).toEqual([])
  expect(isSound).toBe(true)
}
