// The objects of Stripe that the service uses, and what a call does to them. A call that is refused throws a Refusal in Stripe's shape.
import { randomBytes } from 'node:crypto'
import { type Params, partOf, textOf } from './form.ts'
import type { SandboxEvent, State, StripeObject } from './state.ts'

/** What a refused call is answered by, and what it leaves behind all the same: a declined charge is kept. */
export class Refusal extends Error {
  readonly status: number
  readonly error: Record<string, unknown>
  readonly left: Done | undefined
  constructor(status: number, error: Record<string, unknown>, left?: Done) {
    super(String(error.message))
    this.status = status
    this.error = error
    this.left = left
  }
}

/** What a call made: the answer first. */
export type Done = { objects: [StripeObject, ...StripeObject[]]; events: [type: string, object: StripeObject][] }

/** Cards that decline, by the names that Stripe gives them, with code and reason. */
const declined: Record<string, [code: string, reason: string]> = {
  pm_card_chargeDeclined: ['card_declined', 'generic_decline'],
  pm_card_visa_chargeDeclined: ['card_declined', 'generic_decline'],
  pm_card_chargeDeclinedInsufficientFunds: ['card_declined', 'insufficient_funds'],
  pm_card_chargeDeclinedExpiredCard: ['expired_card', 'expired_card'],
  pm_card_authenticationRequired: ['authentication_required', 'authentication_required'],
}
/** Stripe takes at most eight digits. */
const most = 99_999_999

export const invalid = (message: string, code?: string, param?: string) =>
  new Refusal(400, { type: 'invalid_request_error', message, ...(code && { code }), ...(param && { param }) })
const newId = (prefix: string) => `${prefix}_${randomBytes(12).toString('hex')}`
const now = () => Math.floor(Date.now() / 1000)

export function makeEvent(type: string, object: StripeObject, key: string | undefined): SandboxEvent {
  return { id: newId('evt'), type, created: now(), object, key }
}

export function createIntent(params: Params, decline: boolean): Done {
  const about = { ...moneyOf(params), transfer_group: textOf(params, 'transfer_group') ?? null }
  const method = textOf(params, 'payment_method')
  const intent: StripeObject = {
    ...{ id: newId('pi'), object: 'payment_intent', created: now(), livemode: false, ...about },
    ...{ metadata: metadataOf(params), payment_method: method ?? null, capture_method: 'automatic' },
    ...{ status: method ? 'requires_confirmation' : 'requires_payment_method', amount_received: 0 },
    ...{ last_payment_error: null, latest_charge: null, cancellation_reason: null },
  }
  if (textOf(params, 'confirm') !== 'true') return { objects: [intent], events: [['payment_intent.created', intent]] }
  return confirm(intent, decline)
}

export function confirmIntent(state: State, id: string, params: Params, decline: boolean): Done {
  const intent = get(state, id, 'payment_intent')
  if (!String(intent.status).startsWith('requires_'))
    throw invalid(`This PaymentIntent can't be confirmed: it is ${intent.status}`, 'payment_intent_unexpected_state')
  const method = textOf(params, 'payment_method') ?? intent.payment_method
  return confirm({ ...intent, payment_method: method }, decline)
}

function confirm(intent: StripeObject, decline: boolean): Done {
  const method = String(intent.payment_method ?? '')
  if (!/^pm_(card|usBankAccount)/.test(method))
    throw invalid(`No such PaymentMethod: '${method}'`, 'resource_missing', 'payment_method')
  const charge: StripeObject = {
    ...{ id: newId('ch'), object: 'charge', created: now(), livemode: false, amount: intent.amount },
    ...{ currency: intent.currency, metadata: intent.metadata, payment_intent: intent.id, amount_refunded: 0 },
    ...{
      transfer_group: intent.transfer_group,
      payment_method: method,
      status: 'succeeded',
      paid: true,
      captured: true,
    },
    ...{ refunded: false, failure_code: null, failure_message: null },
  }
  const [code, reason] = decline ? ['card_declined', 'generic_decline'] : (declined[method] ?? [])
  if (code) return refuse(intent, charge, code, String(reason))
  const pending = method.startsWith('pm_usBankAccount')
  const done = pending
    ? { ...intent, status: 'processing', latest_charge: charge.id }
    : { ...intent, status: 'succeeded', amount_received: intent.amount, latest_charge: charge.id }
  const made = pending ? { ...charge, status: 'pending', paid: false } : charge
  return { objects: [done, made], events: [[`payment_intent.${done.status}`, done]] }
}

function refuse(intent: StripeObject, charge: StripeObject, code: string, reason: string): Done {
  const message = code === 'card_declined' ? 'Your card was declined.' : `Your card was declined: ${reason}.`
  const error = { type: 'card_error', code, decline_code: reason, message, charge: charge.id }
  const failed = { ...intent, status: 'requires_payment_method', last_payment_error: error, latest_charge: charge.id }
  const made = {
    ...charge,
    status: 'failed',
    paid: false,
    captured: false,
    failure_code: code,
    failure_message: message,
  }
  throw new Refusal(
    402,
    { ...error, payment_intent: failed },
    {
      objects: [failed, made],
      events: [['payment_intent.payment_failed', failed]],
    },
  )
}

export function createRefund(state: State, params: Params): Done {
  const id = textOf(params, 'payment_intent') ?? textOf(params, 'charge') ?? ''
  const charge = [...state.objects.values()].find(
    (one) => one.object === 'charge' && (one.id === id || one.payment_intent === id) && one.status !== 'failed',
  )
  if (!charge) throw invalid(`No such payment_intent: '${id}'`, 'resource_missing', 'payment_intent')
  if (charge.status !== 'succeeded')
    throw invalid('This charge is pending: it can’t be refunded yet', 'charge_not_refundable')
  const left = charge.amount - Number(charge.amount_refunded)
  const amount = textOf(params, 'amount') === undefined ? left : amountOf(params)
  if (left === 0) throw invalid(`Charge ${charge.id} has already been refunded.`, 'charge_already_refunded')
  if (amount > left) throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`)
  const status = charge.payment_method === 'pm_card_pendingRefund' ? 'pending' : 'succeeded'
  const refund: StripeObject = {
    ...{ id: newId('re'), object: 'refund', created: now(), amount, currency: charge.currency, charge: charge.id },
    ...{ payment_intent: charge.payment_intent, metadata: metadataOf(params), status, failure_reason: null },
  }
  const changed = { ...charge, amount_refunded: Number(charge.amount_refunded) + amount, refunded: amount === left }
  return { objects: [refund, changed], events: [['refund.created', refund]] }
}

export function createTransfer(state: State, params: Params): Done {
  const { amount, currency } = moneyOf(params)
  const destination = textOf(params, 'destination') ?? ''
  if (!/^acct_\w+$/.test(destination))
    throw invalid(`No such destination: '${destination}'`, 'resource_missing', 'destination')
  if (destination === 'acct_refused')
    throw invalid('Transfers to this account are not allowed', 'transfers_not_allowed')
  if (amount > (balanceOf(state).get(currency) ?? 0))
    throw invalid('You have insufficient available funds in your Stripe account.', 'balance_insufficient')
  const transfer: StripeObject = {
    ...{ id: newId('tr'), object: 'transfer', created: now(), livemode: false, amount, currency, destination },
    ...{ transfer_group: textOf(params, 'transfer_group') ?? null, metadata: metadataOf(params) },
    ...{ reversed: false, amount_reversed: 0 },
  }
  return { objects: [transfer], events: [['transfer.created', transfer]] }
}

/** A charge or refund that is pending ends: as the bank would say, days later. */
export function settle(state: State, id: string, well: boolean): Done {
  const one = get(state, id)
  if (one.object === 'refund') {
    const refund = { ...one, status: well ? 'succeeded' : 'failed', ...(!well && { failure_reason: 'declined' }) }
    const charge = get(state, String(one.charge), 'charge')
    const back = { ...charge, amount_refunded: Number(charge.amount_refunded) - one.amount, refunded: false }
    return { objects: [refund, ...(well ? [] : [back])], events: [[well ? 'refund.updated' : 'refund.failed', refund]] }
  }
  const charge = get(state, String(one.latest_charge), 'charge')
  const why = well ? {} : { failure_code: 'payment_method_provider_decline' }
  const ended = { ...charge, status: well ? 'succeeded' : 'failed', paid: well, ...why }
  const intent = well
    ? { ...one, status: 'succeeded', amount_received: one.amount }
    : { ...one, status: 'requires_payment_method', last_payment_error: { code: why.failure_code } }
  return { objects: [intent, ended], events: [[`payment_intent.${well ? 'succeeded' : 'payment_failed'}`, intent]] }
}

export function get(state: State, id: string, object?: string): StripeObject {
  const found = state.objects.get(id)
  if (found && (!object || found.object === object)) return found
  throw new Refusal(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${object ?? 'object'}: '${id}'`,
  })
}

/** Minor units by currency: what was charged, less what was refunded or transferred. */
export function balanceOf(state: State): Map<string, number> {
  const sums = new Map<string, number>()
  const add = (currency: unknown, amount: number) =>
    sums.set(String(currency), (sums.get(String(currency)) ?? 0) + amount)
  for (const one of state.objects.values()) {
    if (one.object === 'charge' && one.status === 'succeeded')
      add(one.currency, one.amount - Number(one.amount_refunded))
    if (one.object === 'transfer' && !one.reversed) add(one.currency, -one.amount)
  }
  return sums
}

function moneyOf(params: Params) {
  const currency = textOf(params, 'currency') ?? ''
  if (!/^[a-z]{3}$/.test(currency)) throw invalid(`Invalid currency: ${currency}`, undefined, 'currency')
  return { amount: amountOf(params), currency }
}

function amountOf(params: Params): number {
  const text = textOf(params, 'amount') ?? ''
  if (!/^[0-9]{1,15}$/.test(text)) throw invalid(`Invalid integer: ${text}`, 'parameter_invalid_integer', 'amount')
  if (Number(text) < 1)
    throw invalid('This value must be greater than or equal to 1.', 'parameter_invalid_integer', 'amount')
  if (Number(text) > most) throw invalid(`Amount must be no more than ${most}`, 'amount_too_large', 'amount')
  return Number(text)
}

const metadataOf = (params: Params) => partOf(params, 'metadata') as Record<string, string>
