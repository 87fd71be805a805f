import { expect, test } from 'vitest'
import { buildMoneyApp } from '../../../test/money.ts'

const quick = 400
const app = await buildMoneyApp({ env: { PAYMENTS_QUICK_MS: String(quick), PAYMENTS_TIMEOUT_MS: '1500' } })
const { agree, step, fund, payOut, seen, until, call, client, worker, services, sandbox } = app
const wallet = async (of: { id: string }) => (await services.ledger.wallet(of.id))[0]
const chargesOf = ({ id }: { id: string }) =>
  sandbox.objects('charge').filter(({ metadata, status }) => metadata.contractId === id && status === 'succeeded')

/** What a worker has earned, ready to be paid out. */
async function earn(amount: number) {
  const contract = await agree({ amount, currency: 'EUR' })
  await fund(contract)
  await step(worker, contract, 'delivery')
  await step(client, contract, 'approval')
  await services.escrow.release()
}

test('a provider that is slow leads to an operation, and the same call later tells of the payment', async () => {
  const contract = await agree()
  sandbox.fault({ do: 'slow', on: 'charge', ms: 2 * quick })
  const key = 'slow-one'
  const begun = await fund(contract, { key })
  expect(begun.statusCode).toBe(202)
  expect(begun.headers.location).toBe(`/v1/operations/${begun.json().id}`)
  expect((await seen(contract)).status).toBe('funding')
  const operation = async () => (await call('GET', `/v1/operations/${begun.json().id}`, { as: client })).json()
  await until(async () => (await operation()).status === 'succeeded')
  const { href } = (await operation()).result
  expect((await call('GET', href, { as: client })).json()).toMatchObject({
    status: 'succeeded',
    contractId: contract.id,
  })
  expect((await seen(contract)).status).toBe('funded')
  expect(chargesOf(contract)).toHaveLength(1)
  const again = await fund(contract, { key })
  expect([again.statusCode, again.headers['idempotent-replayed'], again.json()]).toEqual([202, 'true', begun.json()])
})

test('a provider that is quick leads to the payment at once, and so does a replay', async () => {
  const contract = await agree()
  const made = await fund(contract, { key: 'quick-one' })
  const again = await fund(contract, { key: 'quick-one' })
  expect([made.statusCode, again.statusCode]).toEqual([201, 201])
  expect([again.json(), again.headers.location]).toEqual([made.json(), made.headers.location])
  expect(again.headers['idempotent-replayed']).toBe('true')
  const other = await fund(contract, { key: 'quick-one', paymentMethod: 'pm_card_chargeDeclined' })
  expect(other.json()).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' })
})

test('a card that is declined leaves the contract to be paid in another way, and a replay is declined too', async () => {
  const contract = await agree()
  const refused = { paymentMethod: 'pm_card_chargeDeclined', key: 'declined' }
  const answers = [await fund(contract, refused), await fund(contract, refused)]
  for (const answer of answers)
    expect(answer.json()).toMatchObject({
      status: 402,
      code: 'PAYMENT_REFUSED',
      detail: 'The payment provider refused it: card_declined',
    })
  expect((await seen(contract)).status).toBe('accepted')
  expect((await fund(contract)).statusCode).toBe(201)
  expect(chargesOf(contract)).toHaveLength(1)
})

test('an answer that is lost after the provider charged ends in one charge', async () => {
  const contract = await agree()
  sandbox.fault({ do: 'drop', on: 'charge', times: 3 })
  await fund(contract)
  await until(async () => (await seen(contract)).status === 'funded')
  expect(chargesOf(contract)).toHaveLength(1)
  expect(await wallet(client)).toMatchObject({ reserved: 0 })
})

test('a provider that hangs, fails and throttles is tried again until it charges, once', async () => {
  const contract = await agree()
  for (const way of ['hang', 'fail', 'throttle'] as const) sandbox.fault({ do: way, on: 'charge', times: 1 })
  expect((await fund(contract)).statusCode).toBe(202)
  await until(async () => (await seen(contract)).status === 'funded')
  expect(chargesOf(contract)).toHaveLength(1)
})

test('a worker is paid out what they have, and no more, in whole units alone', async () => {
  await earn(10_000)
  const had = (await wallet(worker))?.available ?? 0
  expect((await payOut(had + 1)).json()).toMatchObject({ status: 409, code: 'BALANCE_TOO_SMALL' })
  for (const amount of [0, -1, 0.5, 1e13]) expect((await payOut(amount)).statusCode).toBe(400)
  const paid = await payOut(1000)
  expect(paid.statusCode).toBe(201)
  expect(paid.json()).toMatchObject({ kind: 'payout', status: 'succeeded', contractId: null })
  expect(await wallet(worker)).toMatchObject({ available: had - 1000, reserved: 0 })
  const own = (await call('GET', '/v1/payments?limit=100', { as: worker })).json()
  expect(own.data.map(({ kind }: { kind: string }) => kind)).toEqual(['payout'])
  expect((await call('GET', `/v1/payments/${paid.json().id}`, { as: client })).statusCode).toBe(404)
})

test('of payouts at once that are more than a worker has only those are made that fit', async () => {
  await earn(10_000)
  const had = (await wallet(worker))?.available ?? 0
  const each = Math.floor(had / 3)
  const answers = await Promise.all(Array.from({ length: 8 }, () => payOut(each)))
  expect(answers.filter(({ statusCode }) => statusCode < 300)).toHaveLength(3)
  await until(async () => (await wallet(worker))?.reserved === 0)
  expect(await wallet(worker)).toMatchObject({ available: had - 3 * each })
})

test('a payout that is refused leaves the money where it was', async () => {
  await earn(10_000)
  const before = await wallet(worker)
  expect((await payOut(500, { destination: 'acct_refused' })).json()).toMatchObject({ status: 402 })
  expect(await wallet(worker)).toEqual(before)
})

test('while the provider is known to be away a funding waits, and a payout is refused at once', async () => {
  await earn(10_000)
  const contract = await agree()
  const failing = await agree()
  sandbox.fault({ do: 'fail', times: 1000 })
  while (!services.provider.isOpen()) await services.provider.find('payout', failing.id).catch(() => {})
  const calls = sandbox.calls().length
  const [funding, payout] = [await fund(contract), await payOut(1)]
  expect(funding.statusCode).toBe(202)
  expect(payout.json()).toMatchObject({ status: 503, code: 'PAYMENTS_UNAVAILABLE' })
  expect(Number(payout.headers['retry-after'])).toBeGreaterThan(0)
  expect(sandbox.calls()).toHaveLength(calls)
  sandbox.heal()
  services.outside.reset('payments')
  await until(async () => (await seen(contract)).status === 'funded')
})

test('every kind of end is counted from 0, so that the first of it is a growth', async () => {
  const text = await services.metrics.text()
  for (const series of [
    'kind="payout",status="failed",currency="JPY"',
    'kind="refund",status="succeeded",currency="CHF"',
  ])
    expect(text).toContain(`seaworthy_payments_total{${series}} 0`)
})
