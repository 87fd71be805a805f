// What follows from the provider's word: the one place where a payment ends.
import type { Database, Tx } from '../../db/client.ts'
import { afterCommit } from '../../db/committed.ts'
import { outbox } from '../../db/outbox.ts'
import type { Metrics } from '../../lib/metrics.ts'
import type { Outcome } from '../../lib/provider.ts'
import { Currency } from '../../lib/schemas.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { ContractsService } from '../contracts/contracts.service.ts'
import type { LedgerService } from '../ledger/ledger.service.ts'
import type { OperationsService } from '../operations/operations.service.ts'
import { fundingOf } from './movements.ts'
import { paymentNotFound } from './payments.errors.ts'
import { findPayment, lockPayment, markEnded, type PaymentRow } from './payments.repository.ts'

type Deps = {
  db: Database
  metrics: Metrics
  audit: Audit
  ledger: LedgerService
  operations: OperationsService
  contracts: ContractsService
}

export type SettlementService = ReturnType<typeof createSettlementService>

export function createSettlementService({ db, metrics, audit, ledger, operations, contracts }: Deps) {
  const labelNames = ['kind', 'status', 'currency'] as const
  const ends = metrics.counter({
    name: 'seaworthy_payments_total',
    help: 'Payments that ended, by kind (charge, refund, payout) and whether they succeeded',
    labelNames,
  })
  const amounts = metrics.counter({
    name: 'seaworthy_payments_minor_units_total',
    help: 'Money of payments that ended, in minor units of its currency',
    labelNames,
  })

  // A series that begins at 1 has no growth: the first that fails after a deploy would be missed.
  for (const kind of ['charge', 'refund', 'payout'])
    for (const status of ['succeeded', 'failed'])
      for (const currency of Currency.enum) ends.inc({ kind, status, currency }, 0)

  return { settle, settleIn }

  /**
   * The one end of a payment, whoever learns of it first: the money moves in the ledger, the contract goes on, the operation ends. Of
   * one that has ended nothing changes. Locks the contract before the payment, as whoever begins one does.
   */
  function settle(id: string, outcome: Outcome): Promise<PaymentRow> {
    return db.transaction((tx) => settleIn(tx, id, outcome))
  }

  async function settleIn(tx: Tx, id: string, outcome: Outcome): Promise<PaymentRow> {
    const { contractId } = (await findPayment(tx, id)) ?? {}
    const contract = contractId ? await contracts.hold(tx, contractId) : undefined
    const payment = await lockPayment(tx, id)
    if (!payment) throw paymentNotFound(id)
    if (payment.status !== 'pending' || outcome.status === 'pending') return payment
    const { status, providerId = null } = outcome
    const transferId = await moveMoney(tx, payment, status)
    const { kind, currency, amount } = payment
    afterCommit(tx, () => {
      ends.inc({ kind, status, currency })
      amounts.inc({ kind, status, currency }, amount)
    })
    const failure = outcome.status === 'failed' ? outcome.reason.slice(0, 200) : null
    const ended = await markEnded(tx, id, { status, providerId, failure, ...(transferId && { transferId }) })
    if (payment.operationId && failure)
      await operations.fail(tx, payment.operationId, `The payment provider refused it: ${failure}`)
    else if (payment.operationId) await operations.finish(tx, payment.operationId, { href: `/v1/payments/${id}` })
    if (contract && payment.kind === 'charge')
      await contracts.move(tx, contract, status === 'succeeded' ? funded : declined)
    if (contract?.status === 'cancelled' && payment.kind === 'refund' && status === 'succeeded')
      await contracts.move(tx, contract, refunded)
    if (payment.kind === 'payout') {
      const event = status === 'succeeded' ? 'payout.paid' : 'payout.failed'
      await audit(tx, {}, event, id, { after: { status }, of: payment.userId })
      await outbox(tx, event, `payment:${id}`, { paymentId: id, userId: payment.userId })
    }
    return ended
  }

  /** What was set aside for a refund or payout goes, or is free again; a charge moves when it has succeeded. */
  async function moveMoney(tx: Tx, payment: PaymentRow, status: 'succeeded' | 'failed'): Promise<string | undefined> {
    if (payment.kind === 'charge') return status === 'succeeded' ? ledger.move(tx, fundingOf(payment)) : undefined
    if (!payment.transferId) throw new Error(`Nothing was set aside for the ${payment.kind} ${payment.id}`)
    if (status === 'succeeded') await ledger.post(tx, payment.transferId)
    else await ledger.cancel(tx, payment.transferId)
    return undefined
  }
}

/** The steps of a contract that follow. No person takes them: the trail has them as the service's own. */
const funded = { by: {}, action: 'funded', to: 'funded', at: 'fundedAt', event: 'contract.funded' } as const
const declined = { by: {}, action: 'funding-failed', to: 'accepted', event: 'contract.funding-failed' } as const
const refunded = { by: {}, action: 'refunded', to: 'refunded', at: 'endedAt', event: 'contract.refunded' } as const
