import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { refusals } from '../../lib/schemas.ts'
import { BreakerParams, BreakerReset, ProcessBreakers } from './breakers.schemas.ts'
import type { BreakersService } from './breakers.service.ts'

const tags = ['admin']

/** Under /v1/admin/breakers. */
export const breakersRoutes: FastifyPluginAsyncTypebox<{ breakers: BreakersService }> = async (app, { breakers }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'getBreakers',
        tags,
        summary: 'How the breakers are',
        description:
          'Of every process that runs, each outside dependency: open means that it is left alone for a while. A second or two old.',
        response: { 200: ProcessBreakers },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    () => breakers.list(),
  )

  app.put(
    '/:name/reset',
    {
      schema: {
        operationId: 'resetBreaker',
        tags,
        summary: 'Close a breaker',
        description:
          'Everywhere: this process at once, all others within a second or two. Failures count from the start. It works while an operator keeps the service read-only.',
        params: BreakerParams,
        response: { 200: BreakerReset, ...refusals(404) },
      },
      config: { access: ['admin'], limit: 'write', writes: 'always' },
    },
    (request) => breakers.reset(request.actor, request.params.name),
  )
}
