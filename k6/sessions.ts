// Tokens of a person: had by a sign-in, renewed before they end.
import { type Answer, ask } from './answers.ts'
import { type Person, password } from './cast.ts'

export type Session = { person: Person; token?: string; refresh?: string; ends: number }

/** Milliseconds before its end in which a token is renewed. */
const margin = 30_000

export const sessionOf = (person: Person): Session => ({ person, ends: 0 })

/** Whether the session can be used now. */
export const isOpen = ({ token, ends }: Session) => token !== undefined && Date.now() < ends - margin

/** One call: renews the session if there is one, else signs in. */
export function enter(session: Session): void {
  if (session.refresh) renew(session)
  else signIn(session)
}

/** One call: a session more, as of another device. */
export function signIn(session: Session): void {
  const { email } = session.person
  const body = { email, password }
  take(session, ask({ method: 'POST', route: '/v1/auth/login', body, makes: 'signed_in', holds: hasToken }))
}

function renew(session: Session): void {
  const refreshToken = session.refresh ?? ''
  take(session, ask({ method: 'POST', route: '/v1/auth/refresh', body: { refreshToken }, holds: hasToken }))
}

const hasToken = (answer: Answer) => typeof answer.json('accessToken') === 'string'

/** Where it failed, the next turn signs in anew: a refresh token may be used once. */
function take(session: Session, answer: Answer | undefined): void {
  const { token: _, refresh: __, ...rest } = session
  const found = answer?.json() as { accessToken: string; refreshToken: string; expiresIn: number } | undefined
  Object.assign(session, rest, {
    token: found?.accessToken,
    refresh: found?.refreshToken,
    ends: found ? Date.now() + found.expiresIn * 1000 : 0,
  })
}
