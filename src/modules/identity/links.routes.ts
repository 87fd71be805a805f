import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { IdempotencyKey, refusals } from '../../lib/schemas.ts'
import type { EmailsService } from './emails.service.ts'
import {
  EmailChange,
  LinkRedemption,
  LinkRequest,
  LinkRequested,
  MagicLinkRedemption,
  PasswordChange,
  PasswordReset,
} from './links.schemas.ts'
import type { LinksService } from './links.service.ts'
import type { PasswordsService } from './passwords.service.ts'
import { answerSignIn } from './sessions.routes.ts'
import { SignIn } from './sessions.schemas.ts'

type Options = { links: LinksService; emails: EmailsService; passwords: PasswordsService }

const tags = ['identity']
const Done = Type.Null({ description: 'Done' })
const always =
  'The answer is the same whether the address has an account or not. Asking again makes the earlier link void.'

function nothing(reply: FastifyReply): null {
  reply.code(204)
  return null
}

/** Under /v1/auth. */
export const linksRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { links, emails, passwords }) => {
  app.post(
    '/magic-links',
    {
      schema: {
        operationId: 'requestMagicLink',
        tags,
        summary: 'Ask for a link to sign in',
        description: `It comes by mail and works once, for 15 minutes. ${always}`,
        headers: IdempotencyKey,
        body: LinkRequest,
        response: { 202: LinkRequested },
      },
      config: { access: 'public', limit: 'auth', idempotent: true, writes: 'always' },
    },
    async ({ body, seen, once }, reply) => {
      reply.code(202)
      return links.ask('magic-link', body.email, seen, once)
    },
  )

  app.post(
    '/magic-links/redemption',
    {
      schema: {
        operationId: 'redeemMagicLink',
        tags,
        summary: 'Sign in by a link',
        description:
          'Answers as signing in with a password does, and asks for a code where there is a second factor: the link stays good while that is missing or wrong.',
        body: MagicLinkRedemption,
        response: { 200: SignIn, ...refusals(400, 401, 403) },
      },
      config: { access: 'public', limit: 'auth', writes: 'always' },
    },
    async ({ body, seen }, reply) => answerSignIn(reply, await links.signIn(body.token, body.code, seen), body.mode),
  )

  app.post(
    '/password-resets',
    {
      schema: {
        operationId: 'requestPasswordReset',
        tags,
        summary: 'Ask for a link to choose a new password',
        description: `It comes by mail and works once, for 30 minutes. ${always}`,
        headers: IdempotencyKey,
        body: LinkRequest,
        response: { 202: LinkRequested },
      },
      config: { access: 'public', limit: 'auth', idempotent: true },
    },
    async ({ body, seen, once }, reply) => {
      reply.code(202)
      return links.ask('password-reset', body.email, seen, once)
    },
  )

  app.post(
    '/password-resets/redemption',
    {
      schema: {
        operationId: 'resetPassword',
        tags,
        summary: 'Choose a new password by a link',
        description: 'Ends all sessions and signs nobody in. A password that is refused leaves the link good.',
        body: PasswordReset,
        response: { 204: Done, ...refusals(400) },
      },
      config: { access: 'public', limit: 'auth' },
    },
    async ({ body, seen }, reply) => {
      await passwords.reset(body.token, body.password, seen)
      return nothing(reply)
    },
  )

  app.post(
    '/email-verifications/redemption',
    {
      schema: {
        operationId: 'verifyEmail',
        tags,
        summary: 'Confirm an address by a link',
        description: 'Whoever has the link reads the mail of the address: no other proof is asked for.',
        body: LinkRedemption,
        response: { 204: Done, ...refusals(400) },
      },
      config: { access: 'public', limit: 'auth' },
    },
    async ({ body, seen }, reply) => {
      await emails.verify(body.token, seen)
      return nothing(reply)
    },
  )

  app.post(
    '/email-changes/redemption',
    {
      schema: {
        operationId: 'changeEmail',
        tags,
        summary: 'Take a new address by a link',
        description:
          'Ends all sessions but the one that asked for the change, and tells the old address. It is 409 when someone else took the address meanwhile.',
        body: LinkRedemption,
        response: { 204: Done, ...refusals(400, 409) },
      },
      config: { access: 'public', limit: 'auth' },
    },
    async ({ body, seen }, reply) => {
      await emails.change(body.token, seen)
      return nothing(reply)
    },
  )
}

/** Under /v1/me. */
export const ownLinksRoutes: FastifyPluginAsyncTypebox<Omit<Options, 'links'>> = async (app, { emails, passwords }) => {
  app.post(
    '/email-verifications',
    {
      schema: {
        operationId: 'requestEmailVerification',
        tags,
        summary: 'Ask for the mail that confirms your address',
        description: 'Registering asks for it too. Asking again makes the earlier link void.',
        headers: IdempotencyKey,
        response: { 202: LinkRequested },
      },
      config: { access: 'user', limit: 'write', idempotent: true },
    },
    async ({ actor, once }, reply) => {
      reply.code(202)
      return emails.askToVerify(actor, once)
    },
  )

  app.post(
    '/email-changes',
    {
      schema: {
        operationId: 'requestEmailChange',
        tags,
        summary: 'Ask for the mail that confirms a new address',
        description:
          'It goes to the new address, which counts once its link is used. Takes your password, or a code where you have a second factor.',
        headers: IdempotencyKey,
        body: EmailChange,
        response: { 202: LinkRequested, ...refusals(409) },
      },
      config: { access: 'user', limit: 'write', idempotent: true },
    },
    async ({ actor, body, once }, reply) => {
      reply.code(202)
      return emails.askToChange(actor, body, once)
    },
  )

  app.put(
    '/password',
    {
      schema: {
        operationId: 'changePassword',
        tags,
        summary: 'Choose another password',
        description: 'Ends all of your other sessions.',
        body: PasswordChange,
        response: { 204: Done, ...refusals(400) },
      },
      config: { access: 'user', limit: 'write' },
    },
    async ({ actor, body }, reply) => {
      await passwords.change(actor, body.currentPassword, body.password)
      return nothing(reply)
    },
  )
}
