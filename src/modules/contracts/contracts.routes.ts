import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdempotencyKey, IdParams, refusals } from '../../lib/schemas.ts'
import type { ApplicationsService } from '../applications/applications.service.ts'
import { Contract, ContractPage, ContractQuery } from './contracts.schemas.ts'
import type { ContractsService } from './contracts.service.ts'

const tags = ['contracts']

export const contractsRoutes: FastifyPluginAsyncTypebox<{ contracts: ContractsService }> = async (
  app,
  { contracts },
) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listContracts',
        tags,
        summary: 'Your contracts',
        description: 'Those in which the caller pays or works; support and admins see all. The oldest first.',
        querystring: ContractQuery,
        response: { 200: ContractPage },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => contracts.list(request.actor, request.query),
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getContract',
        tags,
        summary: 'One contract',
        description: 'For its two parties, support and admins; for everyone else it is not there.',
        params: IdParams,
        response: { 200: Contract, ...refusals(404) },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => contracts.get(request.actor, request.params.id),
  )
}

/** Under /v1/applications: what an acceptance makes is a contract. */
export const acceptanceRoutes: FastifyPluginAsyncTypebox<{ applications: ApplicationsService }> = async (
  app,
  { applications },
) => {
  app.post(
    '/:id/acceptance',
    {
      schema: {
        operationId: 'acceptApplication',
        tags: ['applications'],
        summary: 'Accept an application',
        description:
          'Makes the contract, closes the job and rejects the other applications, all at once. All are told.',
        params: IdParams,
        headers: IdempotencyKey,
        response: { 201: Contract, ...refusals(404, 409) },
      },
      config: { access: ['client'], limit: 'write', idempotent: true, created: '/v1/contracts/:id' },
    },
    (request) => applications.accept(request.actor, request.params.id, request.once),
  )
}
