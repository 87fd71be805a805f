import { AppError } from '../../lib/errors.ts'

const unauthenticated = { headers: { 'www-authenticate': 'Bearer' } }

/** The account has a second factor, and the call has no code of it. */
export const mfaRequired = () =>
  new AppError(401, 'MFA_REQUIRED', 'Send the code of your authenticator, or a recovery code, as well', unauthenticated)

/** Wrong, too old, or used before: whoever tries codes learns nothing. */
export const mfaWrong = () =>
  new AppError(401, 'MFA_WRONG', 'This code is wrong, or was used before: wait for the next one', unauthenticated)

export const passwordRequired = () =>
  new AppError(401, 'PASSWORD_REQUIRED', 'Send your current password as well', unauthenticated)

export const mfaAlreadyOn = () =>
  new AppError(409, 'MFA_ALREADY_ON', 'Your second factor is on: turn it off before you set it up anew')

export const mfaNotOn = () => new AppError(409, 'MFA_NOT_ON', 'You have no second factor that is on')

export const mfaNotStarted = () =>
  new AppError(409, 'MFA_NOT_STARTED', 'Start to set your second factor up first, or anew if you started twice')
