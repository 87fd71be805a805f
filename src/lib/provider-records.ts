// What the objects of Stripe mean to us.
import type { Stripe } from 'stripe'

export type Kind = 'charge' | 'refund' | 'payout'
/** `reason`: a short code of the provider, such as card_declined. */
export type Outcome =
  | { status: 'succeeded' | 'pending'; providerId: string }
  | { status: 'failed'; providerId?: string; reason: string }
/** `paymentId` is ours; undefined for what somebody did at the provider by hand. `amount` is in minor units, `at` RFC 3339. */
export type ProviderRecord = {
  kind: Kind
  providerId: string
  paymentId: string | undefined
  amount: number
  currency: string
  status: Outcome['status']
  at: string
}

/** Of a PaymentIntent that was confirmed. What waits for the payer failed: nobody is there to act. */
export function outcomeOfIntent(intent: Stripe.PaymentIntent): Outcome {
  const { id: providerId, status, last_payment_error: refusal, cancellation_reason: cancelled } = intent
  if (status === 'succeeded') return { status: 'succeeded', providerId }
  if (status === 'processing') return { status: 'pending', providerId }
  return { status: 'failed', providerId, reason: refusal?.code ?? cancelled ?? status }
}

export function outcomeOfCharge(charge: Stripe.Charge): Outcome {
  const providerId = idOf(charge.payment_intent) ?? charge.id
  if (charge.status === 'failed') return { status: 'failed', providerId, reason: charge.failure_code ?? 'failed' }
  return { status: charge.status === 'succeeded' ? 'succeeded' : 'pending', providerId }
}

export function outcomeOfRefund({ id: providerId, status, failure_reason: why }: Stripe.Refund): Outcome {
  if (status === 'failed' || status === 'canceled') return { status: 'failed', providerId, reason: why ?? status }
  return { status: status === 'succeeded' ? 'succeeded' : 'pending', providerId }
}

/** A transfer has no state: it is there, or was taken back. */
export function outcomeOfTransfer({ id: providerId, reversed }: Stripe.Transfer): Outcome {
  return reversed ? { status: 'failed', providerId, reason: 'reversed' } : { status: 'succeeded', providerId }
}

type Counted = Pick<Stripe.Charge, 'amount' | 'currency' | 'created'> & { metadata: Stripe.Metadata | null }

export function recordOf(kind: Kind, of: Counted, { status, providerId = '' }: Outcome): ProviderRecord {
  return {
    kind,
    providerId,
    paymentId: of.metadata?.paymentId,
    amount: of.amount,
    currency: of.currency.toUpperCase(),
    status,
    at: timeOf(of.created),
  }
}

export type ProviderEvent = {
  id: string
  type: string
  at: string
  kind?: Kind
  paymentId?: string
  outcome?: Outcome
}

/** Types that tell how a payment stands now; an intent that was only made would look like one that failed. */
const told: Record<string, Kind> = {
  'payment_intent.succeeded': 'charge',
  'payment_intent.processing': 'charge',
  'payment_intent.payment_failed': 'charge',
  'payment_intent.canceled': 'charge',
  'refund.created': 'refund',
  'refund.updated': 'refund',
  'refund.failed': 'refund',
  'transfer.created': 'payout',
  'transfer.reversed': 'payout',
}

/** Of an event that nobody asked for, only what every event has. */
export function eventOf({ id, type, created, data }: Stripe.Event): ProviderEvent {
  const about = { id, type, at: timeOf(created) }
  const kind = told[type]
  if (!kind) return about
  const object = data.object as { metadata?: Stripe.Metadata | null }
  const outcomes = {
    charge: () => outcomeOfIntent(object as Stripe.PaymentIntent),
    refund: () => outcomeOfRefund(object as Stripe.Refund),
    payout: () => outcomeOfTransfer(object as Stripe.Transfer),
  }
  const paymentId = object.metadata?.paymentId
  return { ...about, kind, ...(paymentId && { paymentId }), outcome: outcomes[kind]() }
}

const idOf = (one: string | { id: string } | null | undefined) => (typeof one === 'string' ? one : one?.id)
/** Stripe counts seconds since 1970. */
const timeOf = (seconds: number) => new Date(seconds * 1000).toISOString()
