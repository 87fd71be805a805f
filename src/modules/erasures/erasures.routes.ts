import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { refusals } from '../../lib/schemas.ts'
import { Erasure } from './erasures.schemas.ts'
import type { ErasuresService } from './erasures.service.ts'

/** Under /v1/me. */
export const erasuresRoutes: FastifyPluginAsyncTypebox<{ erasures: ErasuresService }> = async (app, { erasures }) => {
  app.delete(
    '/',
    {
      schema: {
        operationId: 'eraseMe',
        tags: ['identity'],
        summary: 'Erase your personal data',
        description:
          'For good, and at once: your account, its sessions, what you wrote and were told. What was agreed on in contracts stays, without your name. It is refused while contracts are running.',
        body: Erasure,
        response: { 204: Type.Null({ description: 'It is gone' }), ...refusals(409) },
      },
      // Wrong passwords are counted where all of them are (credentials.service.ts).
      config: { access: 'user', limit: 'write' },
    },
    async (request, reply) => {
      await erasures.erase(request.actor, request.body)
      return reply.code(204).send(null)
    },
  )
}
