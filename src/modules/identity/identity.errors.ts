import { AppError } from '../../lib/errors.ts'

export const emailTaken = () => new AppError(409, 'EMAIL_TAKEN', 'This e-mail address has an account: sign in instead')

export const credentialsWrong = () =>
  new AppError(401, 'CREDENTIALS_WRONG', 'The e-mail address or the password is wrong', {
    headers: { 'www-authenticate': 'Bearer' },
  })

export const signInDelayed = (wait: number) => {
  const seconds = Math.ceil(wait / 1000)
  return new AppError(429, 'SIGN_IN_DELAYED', `Too many sign-ins failed: try again in ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
  })
}

/** The token outlived its account. */
export const accountGone = () =>
  new AppError(401, 'ACCOUNT_GONE', 'The account of this token is no longer there', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })
