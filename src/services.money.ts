// The part of services.ts that money runs through, in the order in which one stands on the other.
import type { Config } from './config.ts'
import type { Database } from './db/client.ts'
import type { Reads } from './db/reads.ts'
import type { Log } from './lib/log.ts'
import type { Metrics } from './lib/metrics.ts'
import type { Cursors } from './lib/page.ts'
import type { Provider } from './lib/provider.ts'
import type { Audit } from './modules/audit/audit.service.ts'
import { createContractsService } from './modules/contracts/contracts.service.ts'
import type { JobsService } from './modules/jobs/jobs.service.ts'
import { createLedgerService } from './modules/ledger/ledger.service.ts'
import type { OperationsService } from './modules/operations/operations.service.ts'
import { createEscrowService } from './modules/payments/escrow.service.ts'
import { createPaymentsService } from './modules/payments/payments.service.ts'
import { createPayoutsService } from './modules/payments/payouts.service.ts'
import { createReconciliationService } from './modules/payments/reconciliation.service.ts'
import { createSettlementService } from './modules/payments/settlement.service.ts'
import { createWebhooksService } from './modules/payments/webhooks.service.ts'

type Parts = {
  db: Database
  reads: Reads
  log: Log
  cursors: Cursors
  audit: Audit
  metrics: Metrics
  provider: Provider
  jobs: JobsService
  operations: OperationsService
}

export function createMoneyServices({ escrow: { times, feeBps, releaseAfter } }: Config, parts: Parts) {
  const { log } = parts
  const ledger = createLedgerService(parts)
  const contracts = createContractsService({ ...parts, feeBps })
  const settlement = createSettlementService({ ...parts, ledger, contracts })
  const payments = createPaymentsService({
    ...{ ...parts, settle: settlement.settle, times },
    onUnsure: (error, { id, kind, tries }) =>
      log.warn({ err: error, paymentId: id, kind, tries }, 'the outcome of a payment is not known: it is tried again'),
  })
  const escrow = createEscrowService({ ...parts, ledger, contracts, payments, releaseAfter })
  return {
    ledger,
    contracts,
    payments,
    escrow,
    payouts: createPayoutsService({ ...parts, ledger, payments }),
    reconciliation: createReconciliationService({
      ...{ ...parts, escrow, settleIn: settlement.settleIn },
      onDifference: (difference) => log.error({ difference }, 'a payment differs from that of the provider'),
    }),
    webhooks: createWebhooksService({
      ...{ ...parts, settleIn: settlement.settleIn },
      onOdd: (what, { id, type, paymentId }) =>
        log.error(
          { event: { id, type, paymentId, what } },
          'the payment provider tells of something that we did not do',
        ),
    }),
  }
}
