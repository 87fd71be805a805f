import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { refusals } from '../../lib/schemas.ts'
import type { WebhooksService } from './webhooks.service.ts'

/** Under /v1/webhooks. */
export const webhooksRoutes: FastifyPluginAsyncTypebox<{ webhooks: WebhooksService }> = async (app, { webhooks }) => {
  // The signature is over the bytes as they came: here alone, nothing reads them before it is checked.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body)

  app.post(
    '/payments',
    {
      schema: {
        operationId: 'receivePaymentEvent',
        tags: ['payments'],
        summary: 'What the payment provider tells us',
        description:
          'For the provider alone: its signature over the body, at most five minutes old, says that it is. An event counts once, however often and in whatever order it comes.',
        headers: Type.Object({
          'stripe-signature': Type.Optional(
            Type.String({
              maxLength: 1000,
              pattern: '^[ -~]*$',
              description: 'A time, and signatures of it and the body',
            }),
          ),
        }),
        body: Type.Unsafe<Buffer>({ type: 'object', title: 'ProviderEvent', description: 'An event of the provider' }),
        response: { 204: Type.Null({ description: 'It need not be sent again' }), ...refusals(400) },
      },
      // A provider that is limited sends again; its own networks can be exempt by LIMIT_EXEMPT.
      config: { access: 'public', limit: 'public' },
    },
    async ({ body, headers }, reply) => {
      await webhooks.receive(body, headers['stripe-signature'])
      return reply.code(204).send(null)
    },
  )
}
