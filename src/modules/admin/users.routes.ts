import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, refusals } from '../../lib/schemas.ts'
import { AdminUser, AdminUserPage, AdminUserQuery, Block, RoleChange } from './users.schemas.ts'
import type { UsersService } from './users.service.ts'

const tags = ['admin']

/** Under /v1/admin/users. */
export const usersRoutes: FastifyPluginAsyncTypebox<{ users: UsersService }> = async (app, { users }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listUsers',
        tags,
        summary: 'Find accounts',
        description: 'The newest first. An address is found by all of it only.',
        querystring: AdminUserQuery,
        response: { 200: AdminUserPage },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    (request) => users.list(request.actor, request.query),
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getUser',
        tags,
        summary: 'One account',
        description: 'Blocked and erased ones too.',
        params: IdParams,
        response: { 200: AdminUser, ...refusals(404) },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    (request) => users.get(request.params.id),
  )

  app.put(
    '/:id/block',
    {
      schema: {
        operationId: 'blockUser',
        tags,
        summary: 'Lock a user out',
        description:
          'Ends all their sessions: within a few seconds no access token of theirs is taken any more. It works while an operator keeps the service read-only. Blocking again changes nothing.',
        params: IdParams,
        body: Block,
        response: { 200: AdminUser, ...refusals(404, 409) },
      },
      config: { access: ['admin'], limit: 'write', writes: 'always' },
    },
    (request) => users.block(request.actor, request.params.id, request.body),
  )

  app.delete(
    '/:id/block',
    {
      schema: {
        operationId: 'unblockUser',
        tags,
        summary: 'Let a user sign in again',
        description: 'Their old sessions stay ended. Unblocking who is not blocked changes nothing.',
        params: IdParams,
        response: { 200: AdminUser, ...refusals(404, 409) },
      },
      config: { access: ['admin'], limit: 'write' },
    },
    (request) => users.unblock(request.actor, request.params.id),
  )

  app.put(
    '/:id/role',
    {
      schema: {
        operationId: 'changeRole',
        tags,
        summary: 'Give a user another role',
        description: 'Ends all their sessions: who signs in next has the new role. Nobody changes their own.',
        params: IdParams,
        body: RoleChange,
        response: { 200: AdminUser, ...refusals(404, 409) },
      },
      config: { access: ['admin'], limit: 'write' },
    },
    (request) => users.changeRole(request.actor, request.params.id, request.body),
  )
}
