import { type Static, Type } from 'typebox'
import { Strict } from '../../lib/schemas.ts'
import { Code, Password } from './identity.schemas.ts'

export const MfaStart = Strict(
  { password: Password(1, { description: 'Your current one' }) },
  { title: 'MfaStart', description: 'What starts the set-up of a second factor' },
)

export const MfaCode = Strict({ code: Code }, { title: 'MfaCode', description: 'A code of your second factor' })

export const MfaEnrolment = Strict(
  {
    otpauthUri: Type.String({
      maxLength: 1000,
      pattern: '^otpauth://totp/[^\\s]+$',
      description: 'What authenticators take (RFC 6238: SHA-1, 6 digits, 30 seconds)',
    }),
    secret: Type.String({ maxLength: 32, pattern: '^[A-Z2-7]{32}$', description: 'The same by hand, in Base32' }),
    qrCode: Type.String({
      maxLength: 200_000,
      pattern: '^data:image/svg[+]xml;base64,[A-Za-z0-9+/=]+$',
      description: 'The same to scan: an SVG as a data URI',
    }),
  },
  { title: 'MfaEnrolment', description: 'A seed for your authenticator; it counts once you confirm it by a code' },
)
export type MfaEnrolment = Static<typeof MfaEnrolment>

export const RecoveryCodes = Strict(
  {
    recoveryCodes: Type.Array(Type.String({ maxLength: 23, pattern: '^[0-9a-z]{5}(-[0-9a-z]{5}){3}$' }), {
      minItems: 10,
      maxItems: 10,
      description: 'Keep them: each stands in once for a code of your authenticator, and nobody can show them again',
    }),
  },
  { title: 'RecoveryCodes', description: 'What helps when the authenticator is lost' },
)
export type RecoveryCodes = Static<typeof RecoveryCodes>
