// The part of the table of operations that moves money: see routes-table.ts.
import type { Operation } from './operation.ts'

export const moneyOperations: readonly Operation[] = [
  {
    id: 'fundContract',
    method: 'POST',
    path: '/v1/contracts/:id/funding',
    who: ['client'],
    idempotent: true,
    body: () => ({ paymentMethod: 'pm_card_visa' }),
  },
  { id: 'deliverWork', method: 'POST', path: '/v1/contracts/:id/delivery', who: ['worker'], idempotent: true },
  { id: 'approveWork', method: 'POST', path: '/v1/contracts/:id/approval', who: ['client'], idempotent: true },
  {
    id: 'disputeContract',
    method: 'POST',
    path: '/v1/contracts/:id/dispute',
    who: ['client', 'worker'],
    idempotent: true,
    body: () => ({ reason: 'The ring is green.' }),
  },
  {
    id: 'cancelContract',
    method: 'POST',
    path: '/v1/contracts/:id/cancellation',
    who: ['client', 'worker'],
    idempotent: true,
  },
  { id: 'listPayments', method: 'GET', path: '/v1/payments', who: 'user' },
  { id: 'getPayment', method: 'GET', path: '/v1/payments/:id', who: 'user' },
  {
    id: 'payOut',
    method: 'POST',
    path: '/v1/me/payouts',
    who: ['worker'],
    idempotent: true,
    body: () => ({ amount: { amount: 100, currency: 'EUR' }, destination: 'acct_worker' }),
  },
  // It is not the provider who calls: 400 by WEBHOOK_SIGNATURE_INVALID.
  {
    id: 'receivePaymentEvent',
    method: 'POST',
    path: '/v1/webhooks/payments',
    who: 'public',
    body: () => ({ id: 'evt_1', object: 'event', type: 'payment_intent.succeeded', data: { object: {} } }),
  },
]
