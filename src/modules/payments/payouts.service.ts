import type { Database } from '../../db/client.ts'
import { runOnce } from '../../db/once.ts'
import type { Actor } from '../../lib/actor.ts'
import type { Once } from '../../lib/once.ts'
import type { Operation } from '../../lib/operation.schemas.ts'
import type { Provider } from '../../lib/provider.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { LedgerService } from '../ledger/ledger.service.ts'
import type { OperationsService } from '../operations/operations.service.ts'
import { payoutOf } from './movements.ts'
import type { NewPayout, Payment } from './payments.schemas.ts'
import type { Begun, PaymentsService } from './payments.service.ts'

type Deps = {
  db: Database
  audit: Audit
  ledger: LedgerService
  operations: OperationsService
  payments: PaymentsService
  provider: Pick<Provider, 'refuseWhileOpen'>
}

export type PayoutsService = ReturnType<typeof createPayoutsService>

export function createPayoutsService({ db, audit, ledger, operations, payments, provider }: Deps) {
  return { payOut }

  /**
   * What is paid out is set aside until the provider has done it: 409 BALANCE_TOO_SMALL when there is less. See PaymentsService.answer
   * for what it answers. While the provider is known to be away nothing is begun: 503 with Retry-After.
   */
  async function payOut(
    actor: Actor,
    { amount: { amount, currency }, destination }: NewPayout,
    once: Once,
  ): Promise<Payment | Operation> {
    once.status = 202
    let begun: Begun | undefined
    const accepted = await runOnce(db, once, async (tx) => {
      provider.refuseWhileOpen()
      const operation = await operations.create(tx, actor, 'payout')
      const wanted = { kind: 'payout', userId: actor.id, amount, currency, method: destination } as const
      const payment = await payments.beginNow(tx, { ...wanted, operationId: operation.id }, (id) =>
        ledger.reserve(tx, payoutOf({ id, userId: actor.id, amount, currency })),
      )
      await audit(tx, actor, 'payout.requested', payment.id, { after: { amount, currency, destination } })
      begun = { operation, payment }
      return operation
    })
    return begun ? payments.answer(begun, once) : accepted
  }
}
