import { expect, test } from 'vitest'
import { buildMoneyApp } from '../../../test/money.ts'
import { signatureOf } from '../../../tools/payment-sandbox/webhooks.ts'

const app = await buildMoneyApp({ env: { PAYMENTS_QUICK_MS: '300' } })
const { agree, step, fund, seen, until, client, worker, services, sandbox, secret, lines } = app
const wallet = async (of: { id: string }) => (await services.ledger.wallet(of.id))[0]

/** As the provider sends it. */
async function tell(event: { id?: string; type: string; object: object }, signature?: string) {
  const { id = `evt_${Math.random().toString(36).slice(2)}`, type, object } = event
  const payload = JSON.stringify({
    id,
    object: 'event',
    type,
    created: Math.floor(Date.now() / 1000),
    data: { object },
  })
  return app.app.inject({
    method: 'POST',
    url: '/v1/webhooks/payments',
    headers: { 'content-type': 'application/json', 'stripe-signature': signature ?? signatureOf(secret, payload) },
    payload,
  })
}

async function chargeOf(contract: { id: string }) {
  const { rows } = await app.db.execute<{ id: string }>(
    `SELECT id FROM payments WHERE contract_id = '${contract.id}' AND kind = 'charge' AND status <> 'failed'`,
  )
  return rows[0]?.id ?? ''
}
const intent = (paymentId: string, status: string, more = {}) => ({
  ...{ id: `pi_${paymentId}`, object: 'payment_intent', status, metadata: { paymentId }, ...more },
})

test('a body without a good signature is refused, and changes nothing', async () => {
  const contract = await agree()
  sandbox.fault({ do: 'hang', on: 'charge' })
  await fund(contract)
  const event = { type: 'payment_intent.succeeded', object: intent(await chargeOf(contract), 'succeeded') }
  const old = Math.floor(Date.now() / 1000) - 301
  for (const signature of ['', 'nonsense', signatureOf('whsec_other', '{}'), signatureOf(secret, '{}', old)])
    expect((await tell(event, signature)).json()).toMatchObject({ status: 400, code: 'WEBHOOK_SIGNATURE_INVALID' })
  expect((await seen(contract)).status).toBe('funding')
})

test('an event that comes before our own answer settles the payment, and the answer changes nothing', async () => {
  const contract = await agree()
  sandbox.fault({ do: 'slow', on: 'charge', ms: 600 })
  await fund(contract)
  const event = { type: 'payment_intent.succeeded', object: intent(await chargeOf(contract), 'succeeded') }
  const before = (await wallet(client))?.held ?? 0
  expect((await tell(event)).statusCode).toBe(204)
  expect((await seen(contract)).status).toBe('funded')
  expect((await wallet(client))?.held).toBe(before + 420_000)
  const isCharged = () => sandbox.objects('charge').some(({ metadata }) => metadata.contractId === contract.id)
  await until(async () => isCharged())
  expect((await wallet(client))?.held).toBe(before + 420_000)
})

test('an event counts once, in whatever order events come', async () => {
  const contract = await agree()
  sandbox.fault({ do: 'fail', on: 'charge', times: 20 })
  await fund(contract)
  const before = (await wallet(client))?.held ?? 0
  const paymentId = await chargeOf(contract)
  const [ended, begun] = [intent(paymentId, 'succeeded'), intent(paymentId, 'processing')]
  const event = { id: `evt_${paymentId}`, type: 'payment_intent.succeeded', object: ended }
  const answers = await Promise.all([
    ...Array.from({ length: 5 }, () => tell(event)),
    tell({ type: 'payment_intent.processing', object: begun }),
  ])
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(6).fill(204))
  expect((await wallet(client))?.held).toBe(before + 420_000)
  const { rows } = await app.db.execute(
    `SELECT effect FROM provider_events WHERE payment_id = '${paymentId}' ORDER BY effect`,
  )
  expect(rows).toEqual([{ effect: 'nothing' }, { effect: 'settled' }])
  sandbox.heal()
})

test('an event about a payment that is not ours, or that ended otherwise, is kept for a person to look at', async () => {
  const contract = await agree()
  await fund(contract)
  const paymentId = await chargeOf(contract)
  const failed = { last_payment_error: { code: 'card_declined' } }
  const unknown = intent('0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11', 'succeeded')
  expect((await tell({ type: 'payment_intent.succeeded', object: unknown })).statusCode).toBe(204)
  const late = intent(paymentId, 'requires_payment_method', failed)
  expect((await tell({ type: 'payment_intent.payment_failed', object: late })).statusCode).toBe(204)
  expect((await seen(contract)).status).toBe('funded')
  const odd = lines.flatMap(({ event }) => (event as { what?: string } | undefined)?.what ?? [])
  expect(odd).toEqual(['unmatched', 'contradicts'])
})

test('an event after the refund changes nothing', async () => {
  const contract = await agree()
  await fund(contract)
  await step(worker, contract, 'cancellation')
  await until(async () => (await seen(contract)).status === 'refunded')
  const before = await wallet(client)
  await tell({ type: 'payment_intent.succeeded', object: intent(await chargeOf(contract), 'succeeded') })
  expect([await wallet(client), (await seen(contract)).status]).toEqual([before, 'refunded'])
})

test('what is not JSON, or too long, or a kind of event that nobody asked for, is answered', async () => {
  const post = (payload: string, type = 'application/json') =>
    app.app.inject({ method: 'POST', url: '/v1/webhooks/payments', headers: { 'content-type': type }, payload })
  expect((await post('{}', 'text/plain')).statusCode).toBe(415)
  expect((await post('{')).statusCode).toBe(400)
  expect((await post(`"${'x'.repeat(70_000)}"`)).statusCode).toBe(413)
  expect((await tell({ type: 'invoice.paid', object: { id: 'in_1', object: 'invoice' } })).statusCode).toBe(204)
})
