import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdempotencyKey, IfMatch, refusals } from '../../lib/schemas.ts'
import { Credentials, NewUser, User, UserChanges } from './identity.schemas.ts'
import type { IdentityService } from './identity.service.ts'
import { answerSignIn } from './sessions.routes.ts'
import { SignIn } from './sessions.schemas.ts'

type Options = { identity: IdentityService }

export const authRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { identity }) => {
  app.post(
    '/register',
    {
      schema: {
        operationId: 'register',
        tags: ['identity'],
        summary: 'Make an account',
        description: 'Signing in is a call of its own, so that no answer with a token is ever stored or replayed.',
        headers: IdempotencyKey,
        body: NewUser,
        response: { 201: User, ...refusals(409) },
      },
      config: { access: 'public', limit: 'auth', idempotent: true, created: '/v1/me' },
    },
    (request) => identity.register(request.body, request.seen, request.once),
  )

  app.post(
    '/login',
    {
      schema: {
        operationId: 'logIn',
        tags: ['identity'],
        summary: 'Sign in with a password',
        description:
          'Answers an access token, and a refresh token that renews the session. A wrong address and a wrong password are refused alike. Where there is a second factor it takes a code too: without one the answer is 401 MFA_REQUIRED, but only when the password was right.',
        body: Credentials,
        response: { 200: SignIn, ...refusals(401, 403) },
      },
      config: { access: 'public', limit: 'auth', writes: 'always' },
    },
    async (request, reply) => answerSignIn(reply, await identity.logIn(request.body, request.seen), request.body.mode),
  )
}

export const meRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { identity }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'getMe',
        tags: ['identity'],
        summary: 'Who you are',
        description: 'The account that the access token speaks for.',
        response: { 200: User },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => identity.me(request.actor),
  )

  app.patch(
    '/',
    {
      schema: {
        operationId: 'changeMe',
        tags: ['identity'],
        summary: 'Change your name',
        description:
          'Send the ETag of the account as If-Match: without it the answer is 428, after another change 412.',
        headers: IfMatch,
        body: UserChanges,
        response: { 200: User, ...refusals(412, 428) },
      },
      config: { access: 'user', limit: 'write' },
    },
    (request) => identity.changeMe(request.actor, request.ifMatch, request.body),
  )
}
