// The part of SEC-31 about money: see security-audit-writes.ts.
import { randomUUID } from 'node:crypto'
import { signatureOf } from '../../tools/payment-sandbox/webhooks.ts'
import type { Context } from '../context/context.ts'
import type { Answer, Call, CallOptions } from '../context/http.ts'
import { agreed, earned, parties } from './money-scene.ts'

type Send = (call: Call, id: string, options?: CallOptions & { part?: string }) => Promise<Answer>

/** Of the stack of the control, so that an event can be signed here. */
export const webhookSecret = 'whsec_of-the-audit-probe'

export async function money(context: Context, send: Send): Promise<void> {
  const both = await parties(context)
  const { client, worker } = both
  const part = await agreed(both)
  await send(client.call, 'fundContract', { part })
  await send(worker.call, 'deliverWork', { part })
  await send(client.call, 'approveWork', { part })
  await send(client.call, 'disputeContract', { part })
  await send(worker.call, 'cancelContract', { part: await agreed(both) })
  await earned(context, both)
  await send(worker.call, 'payOut')
  const object = { id: 'cus_1', object: 'customer' }
  const about = { object: 'event', type: 'customer.created', created: Math.floor(Date.now() / 1000) }
  const raw = JSON.stringify({ id: `evt_${randomUUID()}`, ...about, data: { object } })
  const headers = { 'stripe-signature': signatureOf(webhookSecret, raw) }
  await send(context.api.anonymous, 'receivePaymentEvent', { raw, headers })
}
