// Whether our payments are those of the provider: compared by its own records, each difference told, and some put right on command.
import type { Database } from '../../db/client.ts'
import type { Provider, ProviderRecord } from '../../lib/provider.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { EscrowService } from './escrow.service.ts'
import { paymentNotFound, paymentNotPending, refundNotRefused } from './payments.errors.ts'
import { findPayment, type PaymentRow } from './payments.repository.ts'
import { findPayments, listRefusedRefunds, listStuck, listSucceeded } from './reconciliation.repository.ts'
import type { SettlementService } from './settlement.service.ts'

export type Difference = {
  kind: 'unknown-here' | 'unknown-there' | 'status' | 'amount' | 'stuck' | 'refund-refused'
  paymentId: string | undefined
  providerId: string | undefined
  here: string
  there: string
}
export type Reconciliation = { since: string; until: string; checked: number; differences: Difference[] }
type Deps = {
  db: Database
  audit: Audit
  provider: Provider
  escrow: Pick<EscrowService, 'refundAgain'>
  settleIn: SettlementService['settleIn']
  onDifference: (difference: Difference) => void
}

/** What both sides may still be busy with is left for the next time. */
const settledAfter = 15 * 60_000
/** Minutes after which somebody should look at a payment that has no end. */
const stuckAfter = 60
const [usualDays, pageSize, mostOfAKind] = [3, 500, 1000]
const day = 86_400_000

export function createReconciliationService(deps: Deps) {
  const { db, audit, provider, escrow, settleIn, onDifference } = deps
  return { compare, run, settlePending, refundAgain }

  /** The schedule's part: the last days, each difference logged and counted. */
  async function run(): Promise<{ checked: number; differences: number }> {
    const { checked, differences } = await compare()
    differences.forEach(onDifference)
    return { checked, differences: differences.length }
  }

  /** Compares what ended within a time, and looks at what should have ended by now. Only reads, here and there. */
  async function compare({
    until = new Date(Date.now() - settledAfter),
    since = new Date(until.getTime() - usualDays * day),
  }: {
    since?: Date
    until?: Date
  } = {}): Promise<Reconciliation> {
    const differences: Difference[] = []
    const seen = new Set<string>()
    let checked = 0
    // A day more than ours: what ended within the time may have begun before it.
    for await (const page of pagesOf(provider.list({ since: new Date(since.getTime() - day), until }))) {
      const ids = page.flatMap(({ paymentId }) => paymentId ?? [])
      const ours = new Map((await findPayments(db, ids)).map((payment) => [payment.id, payment]))
      for (const record of page) {
        if (record.paymentId && record.status === 'succeeded') seen.add(record.paymentId)
        differences.push(...differencesOf(record, ours.get(record.paymentId ?? '')))
        checked++
      }
    }
    for (let after: string | undefined; ; ) {
      const page = await listSucceeded(db, { since, until, after, limit: pageSize })
      for (const payment of page) if (!seen.has(payment.id)) differences.push(...(await missingThere(payment)))
      checked += page.length
      after = page.at(-1)?.id
      if (page.length < pageSize) break
    }
    for (const payment of await listStuck(db, stuckAfter, mostOfAKind))
      if (!differences.some(({ paymentId }) => paymentId === payment.id))
        differences.push(about('stuck', payment, 'no end'))
    for (const payment of await listRefusedRefunds(db, mostOfAKind))
      differences.push(about('refund-refused', payment, payment.failure ?? ''))
    return { since: since.toISOString(), until: until.toISOString(), checked, differences }
  }

  /** The list may be behind, or cut off before it: the provider is asked for this one. */
  async function missingThere(payment: PaymentRow): Promise<Difference[]> {
    const found = await provider.find(payment.kind, payment.id, await chargeIdOf(payment))
    return found?.status === 'succeeded' ? [] : [about('unknown-there', payment, found?.status ?? 'nothing')]
  }

  async function chargeIdOf({ chargeId }: PaymentRow): Promise<string | undefined> {
    return chargeId ? ((await findPayment(db, chargeId))?.providerId ?? undefined) : undefined
  }

  /** Gives a payment that is pending the end that it has at the provider. Answers that end; undefined when it has none there either. */
  async function settlePending(id: string): Promise<'succeeded' | 'failed' | undefined> {
    const payment = await findPayment(db, id)
    if (!payment) throw paymentNotFound(id)
    if (payment.status !== 'pending') throw paymentNotPending(id, payment.status)
    const outcome = await provider.find(payment.kind, id, await chargeIdOf(payment))
    if (!outcome || outcome.status === 'pending') return undefined
    await db.transaction(async (tx) => {
      await settleIn(tx, id, outcome)
      const after = { status: outcome.status }
      await audit(tx, {}, 'payment.reconciled', id, { before: { status: 'pending' }, after })
    })
    return outcome.status
  }

  /** Begins another refund in the place of one that the provider refused; answers its id. */
  async function refundAgain(id: string): Promise<string> {
    const payment = await findPayment(db, id)
    if (!payment) throw paymentNotFound(id)
    if (payment.kind !== 'refund' || payment.status !== 'failed' || !payment.contractId) throw refundNotRefused(id)
    return escrow.refundAgain(payment.contractId, payment.amount)
  }
}

function differencesOf(record: ProviderRecord, payment: PaymentRow | undefined): Difference[] {
  const { kind, status, amount, currency, providerId, paymentId } = record
  const there = `${status}, ${amount} ${currency}`
  if (!payment || payment.kind !== kind) {
    // What was refused there moved nothing.
    return status === 'failed' ? [] : [{ kind: 'unknown-here', paymentId, providerId, here: 'nothing', there }]
  }
  const here = `${payment.status}, ${payment.amount} ${payment.currency}`
  const differs = (kind: 'status' | 'amount') => [{ kind, paymentId, providerId, here, there }]
  if (status !== 'failed' && (amount !== payment.amount || currency !== payment.currency)) return differs('amount')
  // A card may be refused there and another try succeed: that a payment succeeded is told by the record that did.
  if (status === 'succeeded' && payment.status !== 'succeeded') return differs('status')
  return []
}

const about = (kind: Difference['kind'], payment: PaymentRow, there: string): Difference => ({
  ...{ kind, paymentId: payment.id, providerId: payment.providerId ?? undefined, there },
  here: `${payment.status}, ${payment.amount} ${payment.currency}`,
})

async function* pagesOf<T>(all: AsyncIterable<T>): AsyncGenerator<T[]> {
  let page: T[] = []
  for await (const one of all) {
    page.push(one)
    if (page.length < pageSize) continue
    yield page
    page = []
  }
  yield page
}
