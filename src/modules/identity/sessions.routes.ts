import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { IdParams, refusals } from '../../lib/schemas.ts'
import { toUser } from './identity.service.ts'
import { refreshRefused } from './sessions.errors.ts'
import { Refresh, SessionPage, SessionQuery, SignIn } from './sessions.schemas.ts'
import type { NewSession, SessionsService } from './sessions.service.ts'

type Options = { sessions: SessionsService }

const Ended = Type.Null({ description: 'Ended' })

/** Answers a sign-in: with tokens in the body, or as the cookies of a browser. Nobody may store it. */
export function answerSignIn(reply: FastifyReply, session: NewSession, mode: 'bearer' | 'cookie' = 'bearer'): SignIn {
  reply.header('cache-control', 'no-store')
  const { accessToken, refreshToken, expiresIn } = session
  const common = { tokenType: 'Bearer' as const, expiresIn, user: toUser(session.user) }
  if (mode === 'bearer') return { accessToken, refreshToken, ...common }
  return { csrfToken: reply.setSession(session), ...common }
}

export const sessionsRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { sessions }) => {
  app.post(
    '/refresh',
    {
      schema: {
        operationId: 'refreshSession',
        tags: ['identity'],
        summary: 'Renew a session',
        description:
          'Trades a refresh token for a new one and an access token. One that was used before ends its session, whoever holds it; once, within 10 seconds and while what the first use brought is unused, it is forgiven, and that is void instead.',
        body: Refresh,
        response: { 200: SignIn, ...refusals(401, 403) },
      },
      // A refresh token can't be guessed, and many people may share an address.
      config: { access: 'public', limit: 'public', writes: 'always', renews: true },
    },
    async ({ body, refreshCookie, seen }, reply) => {
      const token = body.refreshToken ?? refreshCookie
      if (token === undefined) throw refreshRefused()
      const fresh = await sessions.renew(token, seen)
      return answerSignIn(reply, fresh, body.refreshToken === undefined ? 'cookie' : 'bearer')
    },
  )

  app.post(
    '/logout',
    {
      schema: {
        operationId: 'logOut',
        tags: ['identity'],
        summary: 'Sign out',
        description: 'Ends the session that asks: its tokens are refused from then on, everywhere within two seconds.',
        response: { 204: Ended },
      },
      config: { access: 'user', limit: 'write', writes: 'always' },
    },
    async (request, reply) => {
      await sessions.end(request.actor)
      reply.clearSession()
      reply.code(204)
      return null
    },
  )
}

export const ownSessionsRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { sessions }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listSessions',
        tags: ['identity'],
        summary: 'Where you are signed in',
        description: 'Your sessions that have not ended, the newest first.',
        querystring: SessionQuery,
        response: { 200: SessionPage },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => sessions.list(request.actor, request.query),
  )

  app.delete(
    '/',
    {
      schema: {
        operationId: 'endOtherSessions',
        tags: ['identity'],
        summary: 'Sign out everywhere else',
        description: 'Ends all of your sessions but the one that asks.',
        response: { 204: Ended },
      },
      config: { access: 'user', limit: 'write' },
    },
    async (request, reply) => {
      await sessions.endOthers(request.actor)
      reply.code(204)
      return null
    },
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'endSession',
        tags: ['identity'],
        summary: 'End one of your sessions',
        description: 'Such as that of a device that got lost.',
        params: IdParams,
        response: { 204: Ended, ...refusals(404) },
      },
      config: { access: 'user', limit: 'write' },
    },
    async (request, reply) => {
      await sessions.endOne(request.actor, request.params.id)
      reply.code(204)
      return null
    },
  )
}
