// The part of routes-table.ts about links in mails, passwords and the second factor, by hand as well.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Operation } from './operation.ts'

const address = () => ({ email: `nobody-${randomUUID()}@example.com` })
/** Nobody has it: 400 by LINK_INVALID. */
const token = () => ({ token: randomBytes(32).toString('base64url') })
/** Of a second factor that nobody turned on: 409. */
const code = () => ({ code: '492039' })

export const mailOperations: readonly Operation[] = [
  {
    id: 'requestMagicLink',
    method: 'POST',
    path: '/v1/auth/magic-links',
    who: 'public',
    idempotent: true,
    body: address,
  },
  { id: 'redeemMagicLink', method: 'POST', path: '/v1/auth/magic-links/redemption', who: 'public', body: token },
  {
    id: 'requestPasswordReset',
    method: 'POST',
    path: '/v1/auth/password-resets',
    who: 'public',
    idempotent: true,
    body: address,
  },
  {
    id: 'resetPassword',
    method: 'POST',
    path: '/v1/auth/password-resets/redemption',
    who: 'public',
    body: () => ({ ...token(), password: randomUUID() }),
  },
  { id: 'verifyEmail', method: 'POST', path: '/v1/auth/email-verifications/redemption', who: 'public', body: token },
  { id: 'changeEmail', method: 'POST', path: '/v1/auth/email-changes/redemption', who: 'public', body: token },
  {
    id: 'requestEmailVerification',
    method: 'POST',
    path: '/v1/me/email-verifications',
    who: 'user',
    idempotent: true,
  },
  // It is nobody's password: 401, and nothing changes; so with the other two.
  {
    id: 'requestEmailChange',
    method: 'POST',
    path: '/v1/me/email-changes',
    who: 'user',
    idempotent: true,
    proves: true,
    body: () => ({ ...address(), password: randomUUID() }),
  },
  {
    id: 'changePassword',
    method: 'PUT',
    path: '/v1/me/password',
    who: 'user',
    proves: true,
    body: () => ({ currentPassword: randomUUID(), password: randomUUID() }),
  },
  {
    id: 'startMfa',
    method: 'POST',
    path: '/v1/me/mfa',
    who: 'user',
    proves: true,
    body: () => ({ password: randomUUID() }),
  },
  { id: 'confirmMfa', method: 'POST', path: '/v1/me/mfa/confirmation', who: 'user', body: code },
  { id: 'renewRecoveryCodes', method: 'POST', path: '/v1/me/mfa/recovery-codes', who: 'user', body: code },
  { id: 'stopMfa', method: 'DELETE', path: '/v1/me/mfa', who: 'user', body: code },
]
