import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdempotencyKey, IdParams, refusals } from '../../lib/schemas.ts'
import { DeadLetterPage, DeadLetterQuery, Redrive, Redriven } from './dead-letters.schemas.ts'
import type { DeadLettersService } from './dead-letters.service.ts'

type Options = { deadLetters: DeadLettersService }

const tags = ['admin']

/** Under /v1/admin/dead-letters. */
export const deadLettersRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { deadLetters }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listDeadLetters',
        tags,
        summary: 'What could not be told',
        description: 'Events that failed at their last try, with the error. The newest first.',
        querystring: DeadLetterQuery,
        response: { 200: DeadLetterPage },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    (request) => deadLetters.list(request.query),
  )

  app.post(
    '/:id/redelivery',
    {
      schema: {
        operationId: 'redriveDeadLetter',
        tags,
        summary: 'Put a dead letter back',
        description: 'It is told again within seconds, with all its tries. Do it once its cause is gone.',
        params: IdParams,
        headers: IdempotencyKey,
        response: { 200: Redriven, ...refusals(404) },
      },
      config: { access: ['admin'], limit: 'write', idempotent: true },
    },
    (request) => deadLetters.redrive(request.actor, request.params.id, request.once),
  )

  app.post(
    '/redelivery',
    {
      schema: {
        operationId: 'redriveDeadLetters',
        tags,
        summary: 'Put many dead letters back',
        description: 'The oldest first, of one kind or of all. Where there is none, the answer is empty.',
        headers: IdempotencyKey,
        body: Redrive,
        response: { 200: Redriven },
      },
      config: { access: ['admin'], limit: 'write', idempotent: true },
    },
    (request) => deadLetters.redriveMany(request.actor, request.body, request.once),
  )
}
