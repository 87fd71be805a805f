import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { refusals } from '../../lib/schemas.ts'
import { MfaCode, MfaEnrolment, MfaStart, RecoveryCodes } from './mfa.schemas.ts'
import type { MfaService } from './mfa.service.ts'

const tags = ['identity']

/** Under /v1/me/mfa. What answers a secret takes no Idempotency-Key: its answer would be stored. */
export const mfaRoutes: FastifyPluginAsyncTypebox<{ mfa: MfaService }> = async (app, { mfa }) => {
  app.post(
    '/',
    {
      schema: {
        operationId: 'startMfa',
        tags,
        summary: 'Set up a second factor',
        description:
          'Answers the seed for an authenticator, once. Nothing changes until a code of it confirms it; starting again makes another seed.',
        body: MfaStart,
        response: { 200: MfaEnrolment, ...refusals(409) },
      },
      config: { access: 'user', limit: 'write' },
    },
    async ({ actor, body }, reply) => {
      reply.header('cache-control', 'no-store')
      return mfa.start(actor, body.password)
    },
  )

  app.post(
    '/confirmation',
    {
      schema: {
        operationId: 'confirmMfa',
        tags,
        summary: 'Turn the second factor on',
        description: 'By a code of the authenticator. Answers recovery codes, once.',
        body: MfaCode,
        response: { 200: RecoveryCodes, ...refusals(409) },
      },
      config: { access: 'user', limit: 'write' },
    },
    async ({ actor, body }, reply) => {
      reply.header('cache-control', 'no-store')
      return mfa.confirm(actor, body.code)
    },
  )

  app.post(
    '/recovery-codes',
    {
      schema: {
        operationId: 'renewRecoveryCodes',
        tags,
        summary: 'Get new recovery codes',
        description: 'By a code of the authenticator or a recovery code. Those from before are worth nothing then.',
        body: MfaCode,
        response: { 200: RecoveryCodes, ...refusals(409) },
      },
      config: { access: 'user', limit: 'write' },
    },
    async ({ actor, body }, reply) => {
      reply.header('cache-control', 'no-store')
      return mfa.renewRecoveryCodes(actor, body.code)
    },
  )

  app.delete(
    '/',
    {
      schema: {
        operationId: 'stopMfa',
        tags,
        summary: 'Turn the second factor off',
        description: 'By a code of the authenticator or a recovery code, in the body.',
        body: MfaCode,
        response: { 204: Type.Null({ description: 'It is off' }), ...refusals(409) },
      },
      config: { access: 'user', limit: 'write' },
    },
    async ({ actor, body }, reply) => {
      await mfa.stop(actor, body.code)
      reply.code(204)
      return null
    },
  )
}
