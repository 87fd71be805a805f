import { type Static, Type } from 'typebox'
import { Strict } from '../../lib/schemas.ts'
import { Code, Email, Mode, Password } from './identity.schemas.ts'

/** What is none is refused as one that is not valid any more is, so nothing is asked of its shape. */
const Token = Type.String({
  maxLength: 200,
  pattern: '^[!-~]*$',
  description: 'From the link in the mail: what comes after #token=',
  examples: ['hD3n0N8wW4QXk2bE6yqvJc1mTz5aLr9pSfVgUoIxKsY'],
})

export const LinkRequest = Strict({ email: Email }, { title: 'LinkRequest', description: 'To which address' })

export const LinkRequested = Strict(
  {
    expiresIn: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      format: 'int32',
      description: 'Seconds for which the link works, if one was sent',
      examples: [900],
    }),
  },
  {
    title: 'LinkRequested',
    description: 'The same whether there is an account or not, and whether it gets a mail or not',
  },
)
export type LinkRequested = Static<typeof LinkRequested>

export const LinkRedemption = Strict(
  { token: Token },
  { title: 'LinkRedemption', description: 'What proves that you read the mail' },
)

export const MagicLinkRedemption = Strict(
  { token: Token, code: Type.Optional(Code), mode: Type.Optional(Mode) },
  { title: 'MagicLinkRedemption', description: 'What signs in instead of a password' },
)

export const PasswordReset = Strict(
  { token: Token, password: Password(12, { description: 'The new one: at least 12 characters, of any kind' }) },
  { title: 'PasswordReset', description: 'A new password in place of one that was forgotten' },
)

export const PasswordChange = Strict(
  {
    currentPassword: Password(1),
    password: Password(12, { description: 'The new one: at least 12 characters, of any kind' }),
  },
  { title: 'PasswordChange', description: 'A new password in place of a known one' },
)

export const EmailChange = Strict(
  { email: Email, password: Type.Optional(Password(1)), code: Type.Optional(Code) },
  {
    title: 'EmailChange',
    description: 'The new address, and your password, or a code where you have a second factor',
  },
)
export type EmailChange = Static<typeof EmailChange>
