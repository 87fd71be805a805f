// Money that the provider moves for us. A payment is a row before it is a call, and stays due until its outcome is known: whoever
// makes the call may die at any moment, and another repeats it under the same key, by which the provider does nothing twice.
import { setTimeout as delay } from 'node:timers/promises'
import type { Database, Tx } from '../../db/client.ts'
import { storeEnd } from '../../db/once.ts'
import type { Reads } from '../../db/reads.ts'
import { type Actor, isStaff } from '../../lib/actor.ts'
import { forAll } from '../../lib/deadline.ts'
import type { Once } from '../../lib/once.ts'
import type { Operation } from '../../lib/operation.schemas.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import type { Outcome, Provider } from '../../lib/provider.ts'
import { repeat } from '../../lib/repeat.ts'
import { paymentNotFound, paymentRefused } from './payments.errors.ts'
import {
  claimDue,
  findChargeOf,
  findPayment,
  insertPayment,
  listPayments,
  type NewPayment,
  type PaymentRow,
  postpone,
  setTransfer,
} from './payments.repository.ts'
import type { Payment, PaymentQuery } from './payments.schemas.ts'
import type { SettlementService } from './settlement.service.ts'

type Deps = {
  db: Database
  reads: Reads
  cursors: Cursors
  provider: Provider
  settle: SettlementService['settle']
  /** Milliseconds: for how long a request waits for the provider, and for how long a payment is left to who tries it. */
  times: { quick: number; lease: number }
  /** The outcome of a try is not known. */
  onUnsure: (error: unknown, payment: { id: string; kind: string; tries: number }) => void
}

type SetAside = (paymentId: string) => Promise<string>
/** What was stored under the key of the request that began a payment. */
export type Begun = { operation: Operation; payment: PaymentRow }

export type PaymentsService = ReturnType<typeof createPaymentsService>

export function createPaymentsService({ db, reads, cursors, provider, settle, times, onUnsure }: Deps) {
  return { begin, beginNow, answer, tryDue, keepTrying, chargeOf, get, list }

  /** Due at once: a worker tries it. `setAside` answers the transfer that reserves what is to leave. */
  async function begin(tx: Tx, payment: NewPayment, setAside?: SetAside): Promise<PaymentRow> {
    return insert(tx, payment, 0, setAside)
  }

  /** The caller tries it as soon as it is committed, by `answer`; a worker does when the caller can't. */
  function beginNow(tx: Tx, payment: NewPayment, setAside?: SetAside): Promise<PaymentRow> {
    return insert(tx, payment, times.lease, setAside)
  }

  async function insert(tx: Tx, payment: NewPayment, lease: number, setAside?: SetAside): Promise<PaymentRow> {
    const row = await insertPayment(tx, payment, lease)
    return setAside ? setTransfer(tx, row.id, await setAside(row.id)) : row
  }

  /**
   * The end of a payment, where the provider is quick enough (201), or else the operation that will tell of it (202): the route has
   * one or the other. 402 PAYMENT_REFUSED where it refuses.
   */
  async function answer({ operation, payment }: Begun, once: Once): Promise<Payment | Operation> {
    const ended = await quickly(payment)
    if (!ended || ended.status === 'pending') return operation
    if (ended.status === 'failed') {
      const refused = paymentRefused(ended.failure ?? '')
      await storeEnd(db, once, refused)
      throw refused
    }
    once.status = 201
    const made = toPayment(ended)
    await storeEnd(db, once, { status: once.status, body: made })
    return made
  }

  /** Undefined when the provider is slow, or the outcome unknown: the payment stays due. It goes on when the request is given up. */
  async function quickly(payment: PaymentRow): Promise<PaymentRow | undefined> {
    const waiting = new AbortController()
    const tried = forAll(() => attempt(payment)).catch(() => undefined)
    const late = delay(times.quick, undefined, waiting).catch(() => undefined)
    return Promise.race([tried, late]).finally(() => waiting.abort())
  }

  /** Tries some payments that are due; answers how many. Those whose outcome stays unknown are tried again, later each time. */
  async function tryDue(): Promise<number> {
    const due = await claimDue(db, 10, times.lease)
    await Promise.all(due.map((payment) => attempt(payment).catch(() => undefined)))
    return due.length
  }

  /** Until it is closed, once a second. */
  function keepTrying(onError: (error: unknown) => void) {
    return repeat(tryDue, { every: 1000, onError })
  }

  async function attempt(payment: PaymentRow): Promise<PaymentRow> {
    try {
      const outcome = await outcomeOf(payment)
      if (outcome.status === 'pending') await postpone(db, payment.id, pauseAfter(payment.tries))
      else return await settle(payment.id, outcome)
    } catch (error) {
      onUnsure(error, payment)
      await postpone(db, payment.id, pauseAfter(payment.tries))
      throw error
    }
    return payment
  }

  /** The provider forgets keys after a day, but not what it did: a try that is not the first looks before it calls. */
  async function outcomeOf(payment: PaymentRow): Promise<Outcome> {
    const { id: paymentId, kind, amount, currency } = payment
    const method = payment.method ?? ''
    const charge = kind === 'refund' ? await findPayment(db, payment.chargeId ?? '') : undefined
    const chargeId = charge?.providerId ?? ''
    const known = payment.tries > 1 && (await provider.find(kind, paymentId, chargeId))
    if (known) return known
    if (kind === 'charge')
      return provider.charge({
        ...{ paymentId, amount, currency, paymentMethod: method },
        contractId: payment.contractId ?? '',
      })
    if (kind === 'payout') return provider.payOut({ paymentId, amount, currency, destination: method })
    return provider.refund({ paymentId, chargeId, amount })
  }

  async function chargeOf(tx: Tx, contractId: string): Promise<PaymentRow> {
    const charge = await findChargeOf(tx, contractId)
    if (!charge) throw new Error(`The contract ${contractId} has no charge that succeeded`)
    return charge
  }

  async function get(actor: Actor, id: string): Promise<Payment> {
    const row = await findPayment(reads.newest, id)
    if (!row || !(isStaff(actor) || row.userId === actor.id)) throw paymentNotFound(id)
    return toPayment(row)
  }

  async function list(actor: Actor, { cursor, limit }: PaymentQuery): Promise<Page<Payment>> {
    const userId = isStaff(actor) ? undefined : actor.id
    const name = `payments ${userId ?? ''}`
    const rows = await listPayments(reads.recent(actor), userId, { limit, after: cursors.read(cursor, name) })
    const { data, page } = cursors.pageOf(rows, limit, name, ({ createdAt, id }) => [createdAt, id])
    return { data: data.map(toPayment), page }
  }
}

/** Milliseconds until the next try: twice as long each time, at most five minutes, less up to half of it at random. */
function pauseAfter(tries: number): number {
  const longest = Math.min(1000 * 2 ** tries, 300_000)
  return longest * (1 - Math.random() / 2)
}

function toPayment({ amount, currency, ...row }: PaymentRow): Payment {
  const { id, kind, userId, contractId, status, failure, createdAt, finishedAt } = row
  return {
    ...{ id, kind, userId, contractId, status, failure, createdAt, finishedAt },
    amount: { amount, currency: currency as Payment['amount']['currency'] },
  }
}
