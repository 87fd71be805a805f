// What the provider tells us by itself: each of its events counts once, in whatever order they come (their signature: lib/provider.ts).
import type { Database } from '../../db/client.ts'
import type { Metrics } from '../../lib/metrics.ts'
import type { Provider } from '../../lib/provider.ts'
import { findPayment, insertProviderEvent, type PaymentRow } from './payments.repository.ts'
import type { SettlementService } from './settlement.service.ts'

type Deps = {
  db: Database
  metrics: Metrics
  provider: Pick<Provider, 'readEvent'>
  settleIn: SettlementService['settleIn']
  /** Something for a person to look at: a payment that is not ours, or an end that is not the one that we know. */
  onOdd: (what: string, event: { id: string; type: string; paymentId: string | undefined }) => void
}
type Event = Awaited<ReturnType<Provider['readEvent']>>
type Effect = 'settled' | 'nothing' | 'unmatched' | 'contradicts'

export type WebhooksService = ReturnType<typeof createWebhooksService>

export function createWebhooksService({ db, metrics, provider, settleIn, onOdd }: Deps) {
  const received = metrics.counter({
    name: 'seaworthy_webhooks_total',
    help: 'Events of the payment provider, by what came of them; refused where no secret of ours signed them',
    labelNames: ['effect'],
  })
  for (const effect of ['settled', 'nothing', 'unmatched', 'contradicts', 'repeated', 'refused'])
    received.inc({ effect }, 0)

  return { receive }

  /** `body` as it came, byte by byte. Throws WEBHOOK_SIGNATURE_INVALID (400); anything that it answers the provider need not send again. */
  async function receive(body: Buffer, signature: string | undefined): Promise<void> {
    const event = await provider.readEvent(body, signature).catch((error) => {
      received.inc({ effect: 'refused' })
      throw error
    })
    const payment = event.paymentId ? await findPayment(db, event.paymentId) : undefined
    const effect = effectOf(event, payment)
    const isNew = await db.transaction(async (tx) => {
      const { id, type, at } = event
      const ours = await insertProviderEvent(tx, { id, type, at, paymentId: payment?.id ?? null, effect })
      if (ours && effect === 'settled' && event.paymentId && event.outcome)
        await settleIn(tx, event.paymentId, event.outcome)
      return ours
    })
    received.inc({ effect: isNew ? effect : 'repeated' })
    if (isNew && (effect === 'unmatched' || effect === 'contradicts'))
      onOdd(effect, { ...event, paymentId: event.paymentId })
  }
}

/** As far as can be seen now: a payment that another ends meanwhile keeps that end. */
function effectOf({ kind, outcome }: Event, payment: PaymentRow | undefined): Effect {
  if (!kind || !outcome || outcome.status === 'pending') return 'nothing'
  if (payment?.kind !== kind) return 'unmatched'
  if (payment.status === 'pending') return 'settled'
  return payment.status === outcome.status ? 'nothing' : 'contradicts'
}
