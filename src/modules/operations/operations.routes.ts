import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Operation } from '../../lib/operation.schemas.ts'
import { IdParams, refusals } from '../../lib/schemas.ts'
import type { OperationsService } from './operations.service.ts'

/** Under /v1/operations. */
export const operationsRoutes: FastifyPluginAsyncTypebox<{ operations: OperationsService }> = async (
  app,
  { operations },
) => {
  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getOperation',
        tags: ['operations'],
        summary: 'How far something is',
        description:
          'Of what was answered by 202, for who asked for it; to everyone else it is not there. It is kept for 30 days.',
        params: IdParams,
        response: { 200: Operation, ...refusals(404) },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => operations.get(request.actor, request.params.id),
  )
}
