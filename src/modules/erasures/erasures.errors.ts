import { AppError } from '../../lib/errors.ts'

/** `reasons` are for the person, in whole sentences. */
export const stillBound = (reasons: readonly string[]) =>
  new AppError(409, 'OBLIGATIONS_OPEN', `Your data can't be erased yet. ${reasons.join(' ')}`)

export const accountGone = () =>
  new AppError(401, 'ACCOUNT_GONE', 'The account of this token is no longer there', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })
