import { type Control, control, source, sources } from '../control.ts'
import { eventsCountOnce } from '../probes/data-provider-events.ts'

const webhooks = 'src/modules/payments/webhooks.service.ts'
const settlement = 'src/modules/payments/settlement.service.ts'

export const dataEvents: Control[] = [
  control({
    id: 'DAT-10',
    level: 'must',
    holds:
      'An event of the payment provider counts once by its id, however often it is sent, before our own call is answered, out of order, and after what followed from it.',
    because:
      'A provider sends each event at least once, and in no order: whoever counts it twice pays twice, and whoever trusts the last one sees a refund become a charge.',
    code: [webhooks, settlement, 'migrations/0013_payments.up.sql'],
    runbook: 'docs/runbooks/payments.md#webhooks-are-refused',
    needs: ['api', 'worker', 'payments'],
    // Nobody else learns how a payment ended meanwhile.
    own: { PAYMENTS_LEASE_MS: '600000', PAYMENTS_TIMEOUT_MS: '60000', PAYMENTS_QUICK_MS: '500' },
    probe: eventsCountOnce,
    sabotages: [
      source(
        'the id is dropped',
        webhooks,
        'insertProviderEvent(tx, { id, type',
        'insertProviderEvent(tx, { id: `${id} ${Math.random()}`, type',
        { red: 'event-counted-twice' },
      ),
      source(
        'events are acknowledged and forgotten',
        webhooks,
        'if (ours && effect === ',
        "if (ours && effect !== 'settled' && effect === ",
        { red: 'event-has-no-effect' },
      ),
      sources(
        'an end can come twice',
        [
          {
            file: settlement,
            find: "if (payment.status !== 'pending' || outcome.status === 'pending') return payment",
            replace: "if (outcome.status === 'pending') return payment",
          },
          { file: webhooks, find: "if (payment.status === 'pending') return 'settled'", replace: "return 'settled'" },
        ],
        { red: 'event-not-taken' },
      ),
    ],
  }),
]
