import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Operation } from '../../lib/operation.schemas.ts'
import { IdempotencyKey, IdParams, refusals } from '../../lib/schemas.ts'
import type { EscrowService } from './escrow.service.ts'
import { Funding, NewPayout, Payment, PaymentPage, PaymentQuery } from './payments.schemas.ts'
import type { PaymentsService } from './payments.service.ts'
import type { PayoutsService } from './payouts.service.ts'

const tags = ['payments']
const quickOrLate =
  'Answers 201 with the payment when the provider is quick, else 202 with an operation: ask it how far it is. The money moves once, however often the same call is sent.'

/** Under /v1/payments. */
export const paymentsRoutes: FastifyPluginAsyncTypebox<{ payments: PaymentsService }> = async (app, { payments }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listPayments',
        tags,
        summary: 'Your payments',
        description: 'Charges, refunds and payouts of your money; support and admins see all. The oldest first.',
        querystring: PaymentQuery,
        response: { 200: PaymentPage },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => payments.list(request.actor, request.query),
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getPayment',
        tags,
        summary: 'One payment',
        description: 'For the one whose money it is, support and admins; for everyone else it is not there.',
        params: IdParams,
        response: { 200: Payment, ...refusals(404) },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => payments.get(request.actor, request.params.id),
  )
}

/** Under /v1/contracts: what a funding makes is a payment. */
export const fundingRoutes: FastifyPluginAsyncTypebox<{ escrow: EscrowService }> = async (app, { escrow }) => {
  app.post(
    '/:id/funding',
    {
      schema: {
        operationId: 'fundContract',
        tags,
        summary: 'Pay the price into escrow',
        description: `For its client. ${quickOrLate} While the provider is away the payment waits, and is tried again.`,
        params: IdParams,
        headers: IdempotencyKey,
        body: Funding,
        response: { 201: Payment, 202: Operation, ...refusals(402, 404, 409) },
      },
      config: {
        ...{ access: ['client'], limit: 'payment', idempotent: true },
        ...{ created: '/v1/payments/:id', accepted: '/v1/operations/:id' },
      },
    },
    (request) => escrow.fund(request.actor, request.params.id, request.body.paymentMethod, request.once),
  )
}

/** Under /v1/me/payouts. */
export const payoutsRoutes: FastifyPluginAsyncTypebox<{ payouts: PayoutsService }> = async (app, { payouts }) => {
  app.post(
    '/',
    {
      schema: {
        operationId: 'payOut',
        tags,
        summary: 'Pay out what you earned',
        description: `At most what your wallet has available. ${quickOrLate} While the provider is away it is refused (503).`,
        headers: IdempotencyKey,
        body: NewPayout,
        response: { 201: Payment, 202: Operation, ...refusals(402, 409) },
      },
      config: {
        ...{ access: ['worker'], limit: 'payment', idempotent: true },
        ...{ created: '/v1/payments/:id', accepted: '/v1/operations/:id' },
      },
    },
    (request) => payouts.payOut(request.actor, request.body, request.once),
  )
}
