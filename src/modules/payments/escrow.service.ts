// The life of a contract with its money: each step is one transaction, in which state, ledger, trail, events and answer agree.
import type { Database, Tx } from '../../db/client.ts'
import { runOnce } from '../../db/once.ts'
import type { Actor } from '../../lib/actor.ts'
import type { Once } from '../../lib/once.ts'
import type { Operation } from '../../lib/operation.schemas.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { ContractsService } from '../contracts/contracts.service.ts'
import type { LedgerService } from '../ledger/ledger.service.ts'
import type { OperationsService } from '../operations/operations.service.ts'
import { refundOf, releaseOf } from './movements.ts'
import { onlyWorkerCancels, shareNotFitting } from './payments.errors.ts'
import type { PaymentRow } from './payments.repository.ts'
import type { Payment } from './payments.schemas.ts'
import type { Begun, PaymentsService } from './payments.service.ts'

type Deps = {
  db: Database
  audit: Audit
  ledger: LedgerService
  operations: OperationsService
  contracts: ContractsService
  payments: PaymentsService
  /** Seconds from the approval to the release, in which either party may dispute. */
  releaseAfter: number
}
type Row = Awaited<ReturnType<ContractsService['hold']>>
type Contract = ReturnType<ContractsService['toContract']>
type Due = Parameters<ContractsService['listDue']>[1]
type Decision = { outcome: 'release' | 'refund' | 'split'; workerAmount?: number }

/** Contracts that a sweep looks up at once. */
const page = 100
/** Days after which a contract lapses that nobody paid for. */
const unpaidFor = 14

export type EscrowService = ReturnType<typeof createEscrowService>

export function createEscrowService({ db, audit, ledger, operations, contracts, payments, releaseAfter }: Deps) {
  return { fund, deliver, approve, dispute, cancel, resolve, release, lapse, refundAgain }

  /** Pays the price into escrow: see PaymentsService.answer for what it answers. */
  async function fund(actor: Actor, id: string, paymentMethod: string, once: Once): Promise<Payment | Operation> {
    once.status = 202
    let begun: Begun | undefined
    const accepted = await runOnce(db, once, async (tx) => {
      const row = await contracts.hold(tx, id, actor, ['client'])
      await contracts.move(tx, row, { by: actor, action: 'funding-started', to: 'funding' })
      const operation = await operations.create(tx, actor, 'contract-funding')
      const { amount, currency } = row
      const payment = await payments.beginNow(tx, {
        ...{ kind: 'charge', userId: actor.id, contractId: id, amount, currency, method: paymentMethod },
        operationId: operation.id,
      })
      begun = { operation, payment }
      return operation
    })
    return begun ? payments.answer(begun, once) : accepted
  }

  function deliver(actor: Actor, id: string, once?: Once): Promise<Contract> {
    return runOnce(db, once, async (tx) => {
      const row = await contracts.hold(tx, id, actor, ['worker'])
      const step = { action: 'delivered', to: 'delivered', at: 'deliveredAt', event: 'contract.delivered' } as const
      return contracts.toContract(await contracts.move(tx, row, { by: actor, ...step }))
    })
  }

  function approve(actor: Actor, id: string, once?: Once): Promise<Contract> {
    return runOnce(db, once, async (tx) => {
      const row = await contracts.hold(tx, id, actor, ['client'])
      const step = { action: 'approved', to: 'approved', at: 'approvedAt', event: 'contract.approved' } as const
      return contracts.toContract(await contracts.move(tx, row, { by: actor, ...step, releasesIn: releaseAfter }))
    })
  }

  function dispute(actor: Actor, id: string, reason: string, once?: Once): Promise<Contract> {
    return runOnce(db, once, async (tx) => {
      const row = await contracts.hold(tx, id, actor)
      const step = { action: 'disputed', to: 'disputed', at: 'disputedAt', event: 'contract.disputed' } as const
      const why = { disputedBy: actor.id, disputeReason: reason }
      return contracts.toContract(await contracts.move(tx, row, { by: actor, ...step, ...why }))
    })
  }

  /** Before it is paid, by either party; after that by the worker, and the client gets the price back. */
  function cancel(actor: Actor, id: string, once?: Once): Promise<Contract> {
    return runOnce(db, once, async (tx) => {
      const row = await contracts.hold(tx, id, actor)
      const wasFunded = row.status === 'funded'
      if (wasFunded && row.workerId !== actor.id) throw onlyWorkerCancels()
      const step = { action: 'cancelled', to: 'cancelled', event: 'contract.cancelled' } as const
      const moved = await contracts.move(tx, row, { by: actor, ...step, ...(!wasFunded && { at: 'endedAt' }) })
      if (wasFunded) await refund(tx, row, row.amount)
      return contracts.toContract(moved)
    })
  }

  /** The decision of an admin. `workerAmount` goes with a split: minor units of the price; the rest goes back to the client. */
  function resolve(actor: Actor, id: string, { outcome, workerAmount }: Decision, once?: Once): Promise<Contract> {
    return runOnce(db, once, async (tx) => {
      const row = await contracts.hold(tx, id)
      const share = shareOf(row.amount, outcome, workerAmount)
      const step = { action: 'resolved', to: 'resolved', at: 'endedAt', event: 'contract.resolved' } as const
      const moved = await contracts.move(tx, row, { by: actor, ...step, workerShare: share })
      if (share > 0) await ledger.move(tx, releaseOf(priceOf(row), share))
      if (share < row.amount) await refund(tx, row, row.amount - share)
      return contracts.toContract(moved)
    })
  }

  /** Releases what is due; answers how many. Any number of processes may at once. Rejects at the end when some could not be. */
  function release(): Promise<number> {
    return sweep('release', async (tx, row) => {
      const step = { action: 'released', to: 'released', at: 'endedAt', event: 'contract.released' } as const
      await contracts.move(tx, row, { by: {}, ...step })
      await ledger.move(tx, releaseOf(priceOf(row), row.amount))
    })
  }

  /** Cancels contracts that nobody paid for in 14 days, in the same way. */
  function lapse(): Promise<number> {
    return sweep({ unpaidFor }, async (tx, row) => {
      const step = { action: 'lapsed', to: 'cancelled', at: 'endedAt', event: 'contract.cancelled' } as const
      await contracts.move(tx, row, { by: {}, ...step })
    })
  }

  /** Each in a transaction of its own: one that fails keeps no other back. Ends when nothing is left but what fails. */
  async function sweep(due: Due, work: (tx: Tx, row: Row) => Promise<void>): Promise<number> {
    for (let done = 0; ; ) {
      const ids = await contracts.listDue(db, due, page)
      const failed: unknown[] = []
      let moved = 0
      for (const id of ids) {
        try {
          if (await moveOn(id)) moved++
        } catch (error) {
          failed.push(error)
        }
      }
      done += moved
      if (ids.length === page && moved > 0) continue
      if (failed.length > 0) throw new AggregateError(failed, `${failed.length} contracts could not be moved on`)
      return done
    }

    function moveOn(id: string): Promise<boolean> {
      return db.transaction(async (tx) => {
        const row = await contracts.holdDue(tx, due, id)
        if (row) await work(tx, row)
        return row !== undefined
      })
    }
  }

  /** A refund in the place of one that the provider refused; answers the payment's id. */
  function refundAgain(id: string, amount: number): Promise<string> {
    return db.transaction(async (tx) => {
      const row = await contracts.hold(tx, id)
      const payment = await refund(tx, row, amount)
      await audit(tx, {}, 'payment.refunded-again', payment.id, { after: { contractId: id, amount } })
      return payment.id
    })
  }

  /** Set aside at once; a worker has the provider pay it back. */
  async function refund(tx: Tx, row: Row, amount: number): Promise<PaymentRow> {
    const charge = await payments.chargeOf(tx, row.id)
    const { clientId: userId, currency } = row
    const refund = { kind: 'refund', userId, contractId: row.id, amount, currency, chargeId: charge.id } as const
    return payments.begin(tx, refund, (id) => ledger.reserve(tx, refundOf(priceOf(row), id, amount)))
  }
}

const priceOf = ({ id, clientId, workerId, currency, feeBps }: Row) => ({
  ...{ contractId: id, clientId, workerId, currency, feeBps },
})

function shareOf(price: number, outcome: Decision['outcome'], workerAmount: number | undefined): number {
  const isSplit = outcome === 'split'
  if (isSplit !== (workerAmount !== undefined) || Number(workerAmount ?? 1) >= price + (isSplit ? 0 : 1))
    throw shareNotFitting(price)
  return { release: price, refund: 0, split: workerAmount ?? 0 }[outcome]
}
