// The payment provider, by the official SDK of Stripe. Every call carries a key of ours, the same at each try, so that the provider does
// each thing once however often it is asked. A refusal for good is an outcome; what leaves us unsure whether it was done is thrown.
import type { Stripe } from 'stripe'
import { AppError } from './errors.ts'
import type { Outside } from './outside.ts'
import {
  eventOf,
  type Kind,
  type Outcome,
  outcomeOfCharge,
  outcomeOfIntent,
  outcomeOfRefund,
  outcomeOfTransfer,
  type ProviderEvent,
  type ProviderRecord,
  recordOf,
} from './provider-records.ts'

import { tracedFetch } from './spans.ts'

export type { Kind, Outcome, ProviderEvent, ProviderRecord } from './provider-records.ts'
export type Provider = ReturnType<typeof createProvider>

type Secrets = { secretKey: string; webhookSecrets: readonly string[] }
type Options = Secrets & { url: string; timeout: number; atOnce: number; outside: Outside }
type Charge = { paymentId: string; contractId: string; amount: number; currency: string; paymentMethod: string }
type Refund = { paymentId: string; chargeId: string; amount: number }
type PayOut = { paymentId: string; amount: number; currency: string; destination: string }
/** Undefined where there was no answer. */
type Failure = Error & {
  statusCode?: number
  code?: string
  type?: string
  requestId?: string
  payment_intent?: { id: string }
}

/** Seconds that a webhook's signature is good for. */
const tolerance = 300

/** `url` has no path. `timeout` is in milliseconds, for one try; a call with its retries ends within one and a half of it. */
export function createProvider({ url, timeout, atOnce, outside, ...given }: Options) {
  let secrets: Secrets = given
  let made: { key: string; stripe: Stripe } | undefined
  const guard = outside.guard('payments', {
    code: 'PAYMENTS_UNAVAILABLE',
    atOnce,
    failed: isInTrouble,
    again: { when: (error) => isInTrouble(error) || (error as Failure).statusCode === 409, within: timeout / 2 },
  })

  return {
    charge,
    refund,
    payOut,
    find,
    list,
    readEvent,
    isOpen: guard.isOpen,
    refuseWhileOpen: guard.refuseWhileOpen,
    use,
  }

  /** Takes the money of a card, at once and whole. `amount` is in minor units. */
  async function charge({ paymentId, contractId, amount, currency, paymentMethod }: Charge): Promise<Outcome> {
    const about = { metadata: { paymentId, contractId }, transfer_group: paymentId }
    return act('charge', paymentId, async (stripe, options) =>
      outcomeOfIntent(
        await stripe.paymentIntents.create(
          {
            ...about,
            amount,
            currency: currency.toLowerCase(),
            payment_method: paymentMethod,
            automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
            capture_method: 'automatic',
            confirm: true,
            error_on_requires_action: true,
          },
          options,
        ),
      ),
    )
  }

  /** Gives back a part of a charge, whose providerId is `chargeId`. */
  async function refund({ paymentId, chargeId, amount }: Refund): Promise<Outcome> {
    const about = { payment_intent: chargeId, amount, metadata: { paymentId } }
    return act('refund', paymentId, async (stripe, options) =>
      outcomeOfRefund(await stripe.refunds.create(about, options)),
    )
  }

  /** Moves money to a connected account, acct_… */
  async function payOut({ paymentId, amount, currency, destination }: PayOut): Promise<Outcome> {
    const about = { amount, currency: currency.toLowerCase(), destination }
    return act('payout', paymentId, async (stripe, options) =>
      outcomeOfTransfer(
        await stripe.transfers.create({ ...about, transfer_group: paymentId, metadata: { paymentId } }, options),
      ),
    )
  }

  /**
   * What became of a payment, where the answer was lost; undefined when the provider has none of it. By lists that tell what was done
   * just now: search would be up to a minute behind. Of a refund that is quickest with the providerId of its charge.
   */
  async function find(kind: Kind, paymentId: string, chargeId?: string): Promise<Outcome | undefined> {
    const group = { transfer_group: paymentId, limit: 100 }
    if (kind === 'charge') {
      const charges = (await ask((stripe) => stripe.charges.list(group))).data.map(outcomeOfCharge)
      return charges.find(({ status }) => status !== 'failed') ?? charges[0]
    }
    if (kind === 'payout') return (await ask((stripe) => stripe.transfers.list(group))).data.map(outcomeOfTransfer)[0]
    const wanted = chargeId ? { payment_intent: chargeId } : { created: { gte: bornAt(paymentId) } }
    for await (const one of pages((stripe, page) => stripe.refunds.list({ ...wanted, ...page })))
      if (one.metadata?.paymentId === paymentId) return outcomeOfRefund(one)
    return undefined
  }

  /** Everything from `since` and before `until`, the newest of each kind first. */
  async function* list({ since, until }: { since: Date; until: Date }): AsyncGenerator<ProviderRecord> {
    const created = { gte: secondsOf(since), lt: secondsOf(until) }
    for await (const one of pages((stripe, page) => stripe.charges.list({ created, ...page })))
      yield recordOf('charge', one, outcomeOfCharge(one))
    for await (const one of pages((stripe, page) => stripe.refunds.list({ created, ...page })))
      yield recordOf('refund', one, outcomeOfRefund(one))
    for await (const one of pages((stripe, page) => stripe.transfers.list({ created, ...page })))
      yield recordOf('payout', one, outcomeOfTransfer(one))
  }

  /** Rejects with AppError 400 for a body that no secret of ours signed within the last 300 s. */
  async function readEvent(rawBody: Buffer, signature: string | undefined): Promise<ProviderEvent> {
    const { Stripe } = await import('stripe')
    for (const secret of secrets.webhookSecrets) {
      try {
        return eventOf(Stripe.webhooks.constructEvent(rawBody, signature ?? '', secret, tolerance))
      } catch {
        // Another secret may have signed it. What the SDK says of the body is not for the caller.
      }
    }
    const detail = 'No secret of ours has signed this body within the last five minutes'
    throw new AppError(400, 'WEBHOOK_SIGNATURE_INVALID', detail)
  }

  /** Other secrets, from the next call on. */
  function use(fresh: Secrets): void {
    secrets = fresh
  }

  async function act(
    kind: Kind,
    paymentId: string,
    work: (stripe: Stripe, options: Stripe.RequestOptions) => Promise<Outcome>,
  ): Promise<Outcome> {
    const options = { idempotencyKey: `seaworthy-${kind}-${paymentId}` }
    return ask((stripe) => work(stripe, options).catch(refusalOf))
  }

  async function ask<T>(work: (stripe: Stripe) => Promise<T>): Promise<T> {
    return guard
      .run(async () => work(await client()), { repeatable: true })
      .catch((error) => {
        throw error instanceof AppError ? error : unsure(error)
      })
  }

  async function* pages<T extends { id: string }>(
    work: (
      stripe: Stripe,
      page: { limit: number; starting_after?: string },
    ) => Promise<{ data: T[]; has_more: boolean }>,
  ): AsyncGenerator<T> {
    let last: string | undefined
    for (;;) {
      const after = last ? { starting_after: last } : {}
      const { data, has_more: more } = await ask((stripe) => work(stripe, { limit: 100, ...after }))
      yield* data
      last = data.at(-1)?.id
      if (!more || !last) return
    }
  }

  /** The SDK takes 200 ms to load: who never pays need not wait for it. */
  async function client(): Promise<Stripe> {
    const { Stripe } = await import('stripe')
    const { secretKey: key } = secrets
    if (made?.key !== key) made = { key, stripe: new Stripe(key, settingsOf(url, timeout, Stripe)) }
    return made.stripe
  }
}

/** No retries and no reports by the SDK. By fetch: its other client repeats by itself what a closed connection cut off. */
function settingsOf(url: string, timeout: number, sdk: typeof Stripe): Stripe.StripeConfig {
  const { protocol, hostname: host, port } = new URL(url)
  const secure = protocol === 'https:'
  return {
    protocol: secure ? 'https' : 'http',
    host,
    port: port || (secure ? '443' : '80'),
    timeout,
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: sdk.createFetchHttpClient(tracedFetch),
  }
}

/** No answer, an error of its own, or too many calls: the provider is in trouble. Any other refusal shows that it is well. */
function isInTrouble(error: unknown): boolean {
  const { statusCode } = error as Failure
  return statusCode === undefined || statusCode >= 500 || statusCode === 429
}

/**
 * The outcome that a refusal is, or the error again where it is none: no answer, trouble, a key of ours that is not taken (401, 403), one
 * that is in use just now (409), or that was used for something else and may have moved money (idempotency_error).
 */
function refusalOf(error: Failure): Outcome {
  const { statusCode = 0, payment_intent: intent, type } = error
  const code = error.code || type || 'refused'
  const isUnsure = isInTrouble(error) || [401, 403, 408, 409].includes(statusCode) || type === 'StripeIdempotencyError'
  if (isUnsure) throw error
  return { status: 'failed', ...(intent && { providerId: intent.id }), reason: code }
}

/** Without what the SDK hangs on its errors: they are logged. */
function unsure({ statusCode, code, type, requestId, message }: Failure): Error {
  const said = statusCode ? `${statusCode} ${code ?? type ?? ''}`.trim() : message
  return new Error(`The payment provider did not do it, or did not say so: ${said}${requestId ? `, ${requestId}` : ''}`)
}

const secondsOf = (time: Date) => Math.floor(time.getTime() / 1000)
/** Seconds since 1970 at which a UUIDv7 was made (RFC 9562, section 5.7), and a minute less: clocks differ. */
const bornAt = (id: string) => Math.floor(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) / 1000) - 60
