// The part of data-forbidden.ts about the life of contracts, and about payments.
type People = { client: string; worker: string; nobody: string }
type Contracts = { first: string; second: string }

const uuid = (number: number) => `'00000000-0000-7000-8000-${String(number).padStart(12, '0')}'`
const [charge, otherCharge, refund, otherRefund, payout] = [141, 142, 143, 144, 145].map(uuid)
// Of data-forbidden.ts, and of data-forbidden-ledger.ts.
const [operation, transfer] = [uuid(61), uuid(91)]

export const paymentRows = ({ client, worker }: People, { first, second }: Contracts) => `
  INSERT INTO payments (id, kind, user_id, contract_id, amount, currency, method, charge_id) VALUES
    (${charge}, 'charge', ${client}, ${first}, 100, 'EUR', 'pm_1', NULL),
    (${otherCharge}, 'charge', ${client}, ${second}, 100, 'EUR', 'pm_1', NULL),
    (${refund}, 'refund', ${client}, ${first}, 10, 'EUR', NULL, ${charge}),
    (${otherRefund}, 'refund', ${client}, ${second}, 10, 'EUR', NULL, ${otherCharge}),
    (${payout}, 'payout', ${worker}, NULL, 10, 'EUR', 'acct_1', NULL);
  INSERT INTO provider_events (id, type, payment_id, effect, at) VALUES
    ('evt_1', 't', ${charge}, 'settled', now()), ('evt_2', 't', ${charge}, 'nothing', now());
  -- For what the constraints refuse: the table of steps is tried by a test of its own.
  ALTER TABLE contracts DISABLE TRIGGER contracts_legal_path`

/** What joins the constraints that contracts have had before. */
export const forbiddenOfSteps = ({ client, nobody }: People): Record<string, string | string[]> => {
  const funded = 'funded_at = now()'
  const disputed = `${funded}, disputed_at = now(), disputed_by = ${client}`
  return {
    contracts_fee_bounds: ['fee_bps = -1', 'fee_bps = 5001'],
    contracts_funded_once_paid: ["status = 'refunded', ended_at = now()", funded],
    contracts_delivered_before_approved: `status = 'delivered', ${funded}`,
    contracts_approved_has_a_release: ['releases_at = now()', `status = 'approved', ${funded}, delivered_at = now()`],
    contracts_dispute_complete: [`status = 'disputed', ${funded}`, 'disputed_at = now()'],
    contracts_dispute_reason_length: [
      `status = 'disputed', ${disputed}, dispute_reason = ''`,
      `status = 'disputed', ${disputed}, dispute_reason = repeat('r', 2001)`,
    ],
    contracts_disputer_exists: `status = 'disputed', ${funded}, disputed_at = now(), dispute_reason = 'r', disputed_by = ${nobody}`,
    contracts_resolved_has_a_share: [
      'worker_share = 1',
      `status = 'resolved', ${disputed}, dispute_reason = 'r', ended_at = now(), worker_share = 101`,
    ],
    contracts_end_has_a_time: ["status = 'cancelled'", 'ended_at = now()'],
  }
}

export const forbiddenOfPayments = (
  { nobody }: People,
  { first }: Contracts,
): Record<string, Record<string, string | string[]>> => ({
  payments: {
    payments_pkey: `id = ${nobody}`,
    payments_user_exists: `user_id = ${nobody}`,
    payments_contract_exists: `contract_id = ${nobody} WHERE id = ${charge}`,
    payments_charge_exists: `charge_id = ${nobody} WHERE id = ${refund}`,
    payments_transfer_exists: `transfer_id = ${nobody} WHERE id = ${charge}`,
    payments_transfer_unique: `transfer_id = ${transfer}`,
    payments_operation_exists: `operation_id = ${nobody} WHERE id = ${charge}`,
    payments_operation_unique: `operation_id = ${operation}`,
    payments_one_charge: `contract_id = ${first} WHERE kind = 'charge'`,
    payments_one_refund: `contract_id = ${first} WHERE kind = 'refund'`,
    payments_kind_known: `kind = 'gift' WHERE id = ${charge}`,
    payments_kind_has_its_parts: [
      `contract_id = NULL WHERE id = ${charge}`,
      `contract_id = ${first} WHERE id = ${payout}`,
      `method = NULL WHERE id = ${payout}`,
      `charge_id = NULL WHERE id = ${refund}`,
      `charge_id = ${charge} WHERE id = ${payout}`,
    ],
    payments_status_known: "status = 'lost', finished_at = now()",
    payments_amount_positive: ['amount = 0', 'amount = -1', 'amount = 1000000000001'],
    payments_currency_shape: "currency = 'eur'",
    payments_method_length: [`method = '' WHERE id = ${charge}`, `method = repeat('m', 101) WHERE id = ${charge}`],
    payments_end_has_a_time: ['finished_at = now()', "status = 'failed', failure = 'why'"],
    payments_failure_has_a_reason: ["failure = 'why'", "status = 'failed', finished_at = now()"],
    payments_failure_length: ["status = 'failed', finished_at = now(), failure = ''"],
    payments_provider_id_length: [`provider_id = '' WHERE id = ${charge}`],
    payments_provider_id_unique: "provider_id = 'pi_1'",
    payments_success_is_known_there: "status = 'succeeded', finished_at = now()",
    payments_tries_bounds: 'tries = -1',
  },
  provider_events: {
    provider_events_pkey: "id = 'evt_3'",
    provider_events_payment_exists: `payment_id = ${nobody}`,
    provider_events_id_length: "id = '' WHERE id = 'evt_1'",
    provider_events_type_length: ["type = ''", "type = repeat('t', 101)"],
    provider_events_effect_known: "effect = 'doubled'",
  },
})

export const optionalOfPayments = [
  ...['contracts.funded_at', 'contracts.delivered_at', 'contracts.approved_at', 'contracts.releases_at'],
  ...['contracts.disputed_at', 'contracts.disputed_by', 'contracts.dispute_reason', 'contracts.worker_share'],
  ...['contracts.ended_at', 'payments.contract_id', 'payments.method', 'payments.charge_id', 'payments.provider_id'],
  ...['payments.transfer_id', 'payments.operation_id', 'payments.failure', 'payments.finished_at'],
  'provider_events.payment_id',
]
