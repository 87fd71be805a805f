// DAT-10: an event of the payment provider counts once, however often and in whatever order it comes.
import { randomUUID } from 'node:crypto'
import { signatureOf } from '../../tools/payment-sandbox/webhooks.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { agreed, chargesFor, contractOf, fund, heldFor, parties } from './money-scene.ts'
import { make } from './scene.ts'

type Kept = { id: string; effect: string; rows: number }

export async function eventsCountOnce(context: Context): Promise<Evidence> {
  const { payments, sql, until } = context
  const both = await parties(context)
  const contract = await agreed(both)

  // Each event three times, every second one late; and the provider's own answer never comes.
  payments.sendWebhooks({ copies: 3, mixed: true })
  payments.fault({ do: 'hang', on: 'charge', after: true })
  const answer = fund(both, contract)
  const state = async () => (await contractOf(both.client.call, contract)).status
  await until('event-has-no-effect', async () => (await state()) === 'funded')
  await answer
  await deliveredAll(context)
  // The same end under another id, and what came before it.
  for (const status of ['succeeded', 'processing']) await tell(context, contract, status)
  await holds(context, contract, 10_000)

  await make(both.worker.call, 'cancelContract', { part: contract })
  await until('never-refunded', async () => (await state()) === 'refunded', { within: 15_000 })
  // The events of the charge, and those of the refund, once more, after all that followed from them.
  payments.sendAgain()
  await deliveredAll(context)
  await holds(context, contract, 0)
  const after = await state()
  if (after !== 'refunded') red('old-event-has-effect', `the contract is ${after}`)

  const kept = await sql.owner<Kept>(
    `SELECT type AS id, effect, count(*)::int AS rows FROM provider_events JOIN payments ON payments.id = payment_id
     WHERE contract_id = $1 GROUP BY effect, type ORDER BY 1`,
    [contract],
  )
  const sent = payments.events().filter(({ type }) => kept.some(({ id }) => id === type))
  const rows = kept.reduce((sum, one) => sum + one.rows, 0)
  // Two were made up here.
  if (rows !== sent.length + 2) red('event-counted-twice', `${rows} rows of ${sent.length + 2} events`)
  const effects = kept.filter(({ effect }) => effect === 'settled').reduce((sum, one) => sum + one.rows, 0)
  if (effects > 2) red('event-counted-twice', `${effects} had an effect`)
  const deliveries = sent.reduce((sum, { tries }) => sum + tries.length, 0)
  return { events: sent.length, deliveries, withAnEffect: effects, charges: chargesFor(context, contract).length }
}

/** An event of the provider's own making, about the charge of a contract. */
async function tell({ payments, api, env }: Context, contract: string, status: string): Promise<void> {
  const intent = payments.objects('payment_intent').find(({ metadata }) => metadata?.contractId === contract)
  const about = { object: 'event', type: `payment_intent.${status}`, created: Math.floor(Date.now() / 1000) }
  const raw = JSON.stringify({ id: `evt_${randomUUID()}`, ...about, data: { object: { ...intent, status } } })
  const headers = { 'stripe-signature': signatureOf(String(env.PAYMENTS_WEBHOOK_SECRETS), raw) }
  const answer = await api.anonymous('POST', '/v1/webhooks/payments', { raw, headers, key: null })
  if (answer.status >= 300) red('event-not-taken', `${status}: ${answer.status} ${answer.text.slice(0, 300)}`)
}

/** Until every event was taken as often as it is sent. */
async function deliveredAll({ payments, until }: Context): Promise<void> {
  const isTaken = ({ tries }: { tries: number[] }) => tries.filter((status) => status < 300 && status > 0).length >= 3
  await until('event-not-taken', () => payments.events().every(isTaken), { within: 15_000 })
}

async function holds(context: Context, contract: string, wanted: number): Promise<void> {
  const held = await heldFor(context, contract)
  if (held !== wanted) red('money-moved-twice', `${held} held instead of ${wanted}`)
}
