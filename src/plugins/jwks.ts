// Publishes the public keys of our access tokens, so that others can verify them without asking us.
// It has no backing store. To remove it, delete its line in app.ts: nobody but the service can verify its tokens then.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { JwkSet } from './jwks.schemas.ts'

type Options = { jwks: () => unknown }

export const jwks: FastifyPluginAsyncTypebox<Options> = async (app, { jwks }) => {
  app.get(
    '/.well-known/jwks.json',
    {
      schema: {
        operationId: 'getKeys',
        tags: ['system'],
        summary: 'The keys that verify access tokens',
        description: 'Keep them for five minutes at most, and ask again when a token names a key that you do not have.',
        response: { 200: JwkSet },
      },
      config: { access: 'public', limit: 'public' },
    },
    (_request, reply) => {
      reply.header('cache-control', 'public, max-age=300')
      return jwks() as Static<typeof JwkSet>
    },
  )
}
