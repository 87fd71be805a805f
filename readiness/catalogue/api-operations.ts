import { type Control, control, removed, source } from '../control.ts'
import { answersNowOrLater, quick } from '../probes/api-operations.ts'

const payments = 'src/modules/payments/payments.service.ts'

export const apiOperations: Control[] = [
  control({
    id: 'API-08',
    level: 'must',
    holds:
      'Funding and payouts answer 201 with the payment when the provider is quick, and 202 with an operation when it is not, by the same route; the operation can be asked until it leads to the payment.',
    because:
      'A request that waits for somebody else’s service holds a connection until a proxy cuts it off, and then nobody knows whether the money moved.',
    code: [payments, 'src/modules/operations/operations.service.ts', 'src/plugins/created.ts'],
    runbook: 'docs/runbooks/payments.md#a-payment-stays-pending',
    needs: ['api', 'worker', 'payments'],
    own: { PAYMENTS_QUICK_MS: String(quick) },
    probe: answersNowOrLater,
    sabotages: [
      source(
        'it always waits',
        payments,
        'const late = delay(times.quick, undefined, waiting)',
        'const late = delay(3_600_000, undefined, waiting)',
        { red: 'never-late' },
      ),
      source('it never waits', payments, 'delay(times.quick, undefined, waiting)', 'delay(0, undefined, waiting)', {
        red: 'quick-is-late',
      }),
      source(
        'nobody ends the operation',
        'src/modules/payments/settlement.service.ts',
        'else if (payment.operationId) await operations.finish(',
        'else if (Number.isNaN(payment.amount)) await operations.finish(',
        { red: 'operation-never-ends' },
      ),
      removed('src/app.ts', '  await app.register(created)', { red: 'quick-is-late' }),
    ],
  }),
]
