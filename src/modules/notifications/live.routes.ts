import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { refusals, Strict } from '../../lib/schemas.ts'
import type { LiveService } from './live.service.ts'

/** Under /v1/me/notifications. */
export const liveRoutes: FastifyPluginAsyncTypebox<{ live: LiveService }> = async (app, { live }) => {
  app.get(
    '/stream',
    {
      schema: {
        operationId: 'streamNotifications',
        tags: ['notifications'],
        summary: 'Be told as it happens',
        description:
          'A WebSocket. The first message is `{"kind":"ready","after":12}`; then each notification comes once and in order, as `{"kind":"notification","number":13,"notification":{...}}`. Connect again with the last number as `after`, and none is missed. A browser offers the subprotocols `seaworthy.v1` and `bearer.` with its access token.',
        querystring: Strict({
          after: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: Number.MAX_SAFE_INTEGER,
              format: 'int64',
              description:
                'The number of the last notification that you have; without it you are told of new ones only',
            }),
          ),
        }),
        response: { 101: Type.Null({ description: 'Switching Protocols' }), ...refusals(403, 426) },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request, reply) => live.listen(request.actor, request.query.after, () => reply.upgrade()),
  )
}
