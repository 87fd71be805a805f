// SEC-32: what the payment provider tells us counts only under its signature, fresh, and once.
import { randomUUID } from 'node:crypto'
import { signatureOf } from '../../tools/payment-sandbox/webhooks.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { agreed, contractOf, fund, heldFor, parties } from './money-scene.ts'

/** Two secrets: while one follows the other, both count. */
export const secrets = ['whsec_the-newer-one', 'whsec_the-older-one'] as const

export async function onlySignedEventsCount(context: Context): Promise<Evidence> {
  const { payments, api, sql } = context
  const both = await parties(context)
  const contract = await agreed(both)
  payments.fault({ do: 'fail', times: 1000 })
  await fund(both, contract)
  const [payment] = await sql.owner<{ id: string }>('SELECT id FROM payments WHERE contract_id = $1', [contract])
  const body = bodyFor(payment?.id ?? '')
  const now = Math.floor(Date.now() / 1000)
  const wrong: [reason: string, signature: string | undefined, sent?: string][] = [
    ['unsigned-taken', undefined],
    ['bad-signature-taken', 'nonsense'],
    ['bad-signature-taken', signatureOf('whsec_of-somebody-else', body)],
    ['bad-signature-taken', signatureOf(secrets[0], body).replace(/v1=.*/, `v1=${'0'.repeat(64)}`)],
    ['changed-body-taken', signatureOf(secrets[0], body), body.replace('"amount": 10000', '"amount": 10001')],
    ['old-signature-taken', signatureOf(secrets[0], body, now - 330)],
  ]
  for (const [reason, signature, sent = body] of wrong) {
    const { status } = await post(sent, signature)
    if (status < 400) red(reason, String(status))
    if (status !== 400) red('not-a-400', `${reason}: ${status}`)
  }
  const kept = await sql.owner('SELECT FROM provider_events WHERE payment_id = $1', [payment?.id])
  const { status } = await contractOf(both.client.call, contract)
  if (kept.length > 0 || status !== 'funding') red('bad-signature-taken', `the contract is ${status}`)

  // A body whose white space is not ours to choose, under the older secret, almost too old.
  const first = await post(body, signatureOf(secrets[1], body, now - 240))
  if (first.status >= 300) red('good-signature-refused', `${first.status} ${first.text.slice(0, 200)}`)
  const replay = await post(body, signatureOf(secrets[0], body))
  const held = await heldFor(context, contract)
  if (held !== 10_000) red('replay-has-effect', `${held} held of 10000`)
  payments.heal()
  return { refused: wrong.length, taken: first.status, replay: replay.status, held }

  function post(raw: string, signature: string | undefined) {
    const headers: Record<string, string> = signature === undefined ? {} : { 'stripe-signature': signature }
    return api.anonymous('POST', '/v1/webhooks/payments', { raw, headers, key: null })
  }
}

function bodyFor(paymentId: string): string {
  const object = {
    ...{ id: `pi_${randomUUID()}`, object: 'payment_intent', status: 'succeeded', amount: 10_000 },
    metadata: { paymentId },
  }
  const about = { object: 'event', type: 'payment_intent.succeeded', created: Math.floor(Date.now() / 1000) }
  return JSON.stringify({ id: `evt_${randomUUID()}`, ...about, data: { object } }, null, 2)
}
