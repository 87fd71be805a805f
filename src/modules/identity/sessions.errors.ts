import { AppError } from '../../lib/errors.ts'

/** One answer for unknown, used, ended and expired: whoever tries tokens learns nothing. */
export const refreshRefused = () =>
  new AppError(401, 'REFRESH_REFUSED', 'This refresh token is not valid any more: sign in again', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })

export const accountBlocked = () =>
  new AppError(403, 'ACCOUNT_BLOCKED', 'This account is blocked: ask the support team')

export const sessionNotFound = (id: string) =>
  new AppError(404, 'SESSION_NOT_FOUND', `You have no open session with the id ${id}`)
