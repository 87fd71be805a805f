import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Operation } from '../../lib/operation.schemas.ts'
import { IdempotencyKey, IdParams, refusals } from '../../lib/schemas.ts'
import { DataExport } from './exports.schemas.ts'
import type { ExportsService } from './exports.service.ts'

const tags = ['identity']

/** Under /v1/me/data-exports. */
export const exportsRoutes: FastifyPluginAsyncTypebox<{ exports: ExportsService }> = async (app, { exports }) => {
  app.post(
    '/',
    {
      schema: {
        operationId: 'requestDataExport',
        tags,
        summary: 'Ask for a copy of your data',
        description:
          'It is made in a moment: ask the operation at Location how far it is. While one is being made, that one is answered again.',
        headers: IdempotencyKey,
        response: { 202: Operation },
      },
      config: { access: 'user', limit: 'write', idempotent: true, accepted: '/v1/operations/:id' },
    },
    (request) => exports.request(request.actor, request.once),
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getDataExport',
        tags,
        summary: 'Read a copy of your data',
        description: 'For seven days after it was made, for its person alone.',
        params: IdParams,
        response: { 200: DataExport, ...refusals(404) },
      },
      config: { access: 'user', limit: 'read' },
    },
    async (request, reply) => {
      const document = await exports.read(request.actor, request.params.id)
      return reply
        .header('cache-control', 'no-store')
        .header('content-disposition', 'attachment; filename="seaworthy-data.json"')
        .type('application/json; charset=utf-8')
        .send(document as never)
    },
  )
}
