import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, refusals } from '../../lib/schemas.ts'
import { Assignments, ChangeFlag, Flag, FlagParams, Flags } from './flags.schemas.ts'
import type { FlagsService } from './flags.service.ts'

/** Under /v1/admin/flags. */
export const flagsRoutes: FastifyPluginAsyncTypebox<{ flags: FlagsService }> = async (app, { flags }) => {
  const tags = ['admin']

  app.get(
    '/',
    {
      schema: {
        operationId: 'getFlags',
        tags,
        summary: 'Who has which variant',
        description: 'Every flag that the code asks about, with who changed it last.',
        response: { 200: Flags },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    () => flags.list(),
  )

  app.put(
    '/:name',
    {
      schema: {
        operationId: 'changeFlag',
        tags,
        summary: 'Change who has which variant',
        description:
          'This process follows at once, all others within a second or two. A share that grows keeps whom it had. It works while the service is read-only.',
        params: FlagParams,
        body: ChangeFlag,
        response: { 200: Flag, ...refusals(404, 422) },
      },
      config: { access: ['admin'], limit: 'write', writes: 'always' },
    },
    (request) => flags.change(request.actor, request.params.name, request.body),
  )
}

/** Under /v1/me/flags. */
export const ownFlagsRoutes: FastifyPluginAsyncTypebox<{ flags: FlagsService }> = async (app, { flags }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'getOwnFlags',
        tags: ['flags'],
        summary: 'What you have of each flag',
        description: 'For apps that show one thing to some people and another to others.',
        response: { 200: Assignments },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => flags.assignments(request.actor),
  )
}

/** Under /v1/admin/users. */
export const userFlagsRoutes: FastifyPluginAsyncTypebox<{ flags: FlagsService }> = async (app, { flags }) => {
  app.get(
    '/:id/flags',
    {
      schema: {
        operationId: 'getUserFlags',
        tags: ['admin'],
        summary: 'What somebody has of each flag, and why',
        description: 'As their next request will find it.',
        params: IdParams,
        response: { 200: Assignments, ...refusals(404) },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    (request) => flags.assignmentsOf(request.params.id),
  )
}
