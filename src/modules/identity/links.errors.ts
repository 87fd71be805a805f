import { AppError } from '../../lib/errors.ts'

/** One answer for unknown, malformed, used, replaced and too old: whoever tries tokens learns nothing. */
export const linkInvalid = () =>
  new AppError(400, 'LINK_INVALID', 'This link is not valid any more, or never was: ask for a new one')

/** Before money moves. */
export const emailNotVerified = () =>
  new AppError(403, 'EMAIL_NOT_VERIFIED', 'Confirm your e-mail address first: ask for the mail to do so')
