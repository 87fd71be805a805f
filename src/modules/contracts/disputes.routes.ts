import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdempotencyKey, IdParams, refusals } from '../../lib/schemas.ts'
import type { EscrowService } from '../payments/escrow.service.ts'
import { Contract, ContractPage, ContractQuery, Resolution } from './contracts.schemas.ts'
import type { DisputesService } from './disputes.service.ts'

type Options = { disputes: DisputesService; escrow: Pick<EscrowService, 'resolve'> }

const tags = ['admin']

/** Under /v1/admin/disputes. */
export const disputesRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { disputes, escrow }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listDisputes',
        tags,
        summary: 'What waits for a decision',
        description: 'The contracts that are disputed, each with the reason. The oldest dispute first.',
        querystring: ContractQuery,
        response: { 200: ContractPage },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    (request) => disputes.list(request.query),
  )

  app.post(
    '/:id/resolution',
    {
      schema: {
        operationId: 'resolveDispute',
        tags,
        summary: 'Decide a dispute',
        description:
          'The id is that of the contract. Release pays the worker, less the fee; refund pays the client back; split does both, and says how much is the worker’s. It can’t be taken back. Both are told.',
        params: IdParams,
        headers: IdempotencyKey,
        body: Resolution,
        response: { 200: Contract, ...refusals(404, 409) },
      },
      config: { access: ['admin'], limit: 'payment', idempotent: true },
    },
    (request) => escrow.resolve(request.actor, request.params.id, request.body, request.once),
  )
}
