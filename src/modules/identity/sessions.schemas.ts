import { type Static, Type } from 'typebox'
import { Instant, PageOf, PageQuery, Strict, Text, Uuid } from '../../lib/schemas.ts'
import { User } from './identity.schemas.ts'

const RefreshToken = Type.String({
  minLength: 43,
  maxLength: 43,
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'Renews the session, once, at POST /v1/auth/refresh: each use brings a new one',
})

export const SignIn = Strict(
  {
    accessToken: Type.Optional(
      Type.String({
        maxLength: 2000,
        pattern: '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$',
        description: 'Send it as Authorization: Bearer. In cookie mode it is a cookie instead',
      }),
    ),
    refreshToken: Type.Optional(RefreshToken),
    csrfToken: Type.Optional(
      Type.String({
        maxLength: 100,
        pattern: '^[A-Za-z0-9._-]+$',
        description: 'In cookie mode: send it with each write as X-CSRF-Token. The cookie __Host-csrf has it too',
      }),
    ),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ minimum: 1, maximum: 86_400, format: 'int32', description: 'Seconds', examples: [600] }),
    user: User,
  },
  { title: 'SignIn', description: 'An access token, what renews it, and whose they are' },
)
export type SignIn = Static<typeof SignIn>

/** In cookie mode the token comes by its cookie. */
export const Refresh = Strict(
  { refreshToken: Type.Optional(RefreshToken) },
  { title: 'Refresh', description: 'What renews a session; an empty object in cookie mode' },
)

export const Session = Strict(
  {
    id: Uuid,
    isCurrent: Type.Boolean({ description: 'Whether it is the one that asks' }),
    userAgent: Text(0, 200, { description: 'What the client called itself at sign-in', examples: ['curl/8.5.0'] }),
    createdAt: Instant,
    lastUsedAt: Instant,
  },
  { title: 'Session', description: 'A sign-in that has not ended' },
)
export type Session = Static<typeof Session>

export const SessionQuery = Strict(PageQuery)
export type SessionQuery = Static<typeof SessionQuery>
export const SessionPage = PageOf(Session, { title: 'SessionPage', description: 'A page of sessions' })
