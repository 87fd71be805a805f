import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdempotencyKey, IdParams, refusals } from '../../lib/schemas.ts'
import type { EscrowService } from '../payments/escrow.service.ts'
import { Contract, Dispute } from './contracts.schemas.ts'

const common = {
  tags: ['contracts'],
  params: IdParams,
  headers: IdempotencyKey,
  response: { 200: Contract, ...refusals(404, 409) },
}

/** Under /v1/contracts: the steps of a contract after it was funded, and the way out of it. */
export const stepsRoutes: FastifyPluginAsyncTypebox<{ escrow: EscrowService }> = async (app, { escrow }) => {
  app.post(
    '/:id/delivery',
    {
      schema: {
        ...common,
        operationId: 'deliverWork',
        summary: 'Say that the work is done',
        description: 'For its worker, once it is funded.',
      },
      config: { access: ['worker'], limit: 'write', idempotent: true },
    },
    (request) => escrow.deliver(request.actor, request.params.id, request.once),
  )

  app.post(
    '/:id/approval',
    {
      schema: {
        ...common,
        operationId: 'approveWork',
        summary: 'Approve the work',
        description:
          'For its client, once it is delivered. The worker gets the money at `releasesAt`, unless someone disputes before.',
      },
      config: { access: ['client'], limit: 'payment', idempotent: true },
    },
    (request) => escrow.approve(request.actor, request.params.id, request.once),
  )

  app.post(
    '/:id/dispute',
    {
      schema: {
        ...common,
        operationId: 'disputeContract',
        summary: 'Ask for a decision',
        description: 'For either party, from the funding to the release: an admin decides who gets the money.',
        body: Dispute,
      },
      config: { access: ['client', 'worker'], limit: 'write', idempotent: true },
    },
    (request) => escrow.dispute(request.actor, request.params.id, request.body.reason, request.once),
  )

  app.post(
    '/:id/cancellation',
    {
      schema: {
        ...common,
        operationId: 'cancelContract',
        summary: 'Cancel it',
        description:
          'Before it is funded, for either party; after that for its worker, until the work is delivered, and the client gets the price back.',
      },
      config: { access: ['client', 'worker'], limit: 'payment', idempotent: true },
    },
    (request) => escrow.cancel(request.actor, request.params.id, request.once),
  )
}
