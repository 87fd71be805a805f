// Lets a browser hold a session that no script of a page can read: the tokens come and go as cookies of this host alone (`__Host-`,
// RFC 6265bis), sent over TLS only (browsers count loopback as such) and never from another site. What such cookies
// may do is `csrf`'s matter. It has no backing store. To remove it, delete its line in app.ts: the routes that sign in then fail.
import { createHmac, timingSafeEqual } from 'node:crypto'
import fastifyCookie from '@fastify/cookie'
import fp from 'fastify-plugin'

type SessionCookies = { accessToken: string; refreshToken: string; sessionId: string }

declare module 'fastify' {
  interface FastifyRequest {
    /** The access token that came as a cookie. */
    readonly accessCookie: string | undefined
    /** The refresh token that came as a cookie. */
    readonly refreshCookie: string | undefined
    /** The session that its CSRF cookie was made for. Undefined when that was not made here, or the X-CSRF-Token differs from it. */
    readonly csrfSession: string | undefined
  }
  interface FastifyReply {
    /** Gives a browser its session; answers the CSRF token. */
    setSession(session: SessionCookies): string
    clearSession(): void
  }
}

/** `accessFor` and `refreshFor`: seconds for which a browser keeps the cookies. */
type Options = { secret: string; accessFor: number; refreshFor: number }

const access = '__Host-access'
const refresh = '__Host-refresh'
const csrf = '__Host-csrf'
const hidden = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const

export const cookies = fp<Options>(
  async (app, { secret, accessFor, refreshFor }) => {
    await app.register(fastifyCookie)

    app.decorateRequest('accessCookie', {
      getter() {
        return this.cookies[access]
      },
    })
    app.decorateRequest('refreshCookie', {
      getter() {
        return this.cookies[refresh]
      },
    })
    app.decorateRequest('csrfSession', {
      getter() {
        const token = this.cookies[csrf] ?? ''
        const [sessionId = ''] = token.split('.')
        const good = same(token, this.headers['x-csrf-token']) && same(token, csrfTokenOf(sessionId))
        return good ? sessionId : undefined
      },
    })

    app.decorateReply('setSession', function ({ accessToken, refreshToken, sessionId }) {
      const token = csrfTokenOf(sessionId)
      this.setCookie(access, accessToken, { ...hidden, maxAge: accessFor })
      this.setCookie(refresh, refreshToken, { ...hidden, maxAge: refreshFor })
      this.setCookie(csrf, token, { ...hidden, httpOnly: false, maxAge: refreshFor })
      return token
    })
    app.decorateReply('clearSession', function () {
      for (const name of [access, refresh, csrf]) this.clearCookie(name, hidden)
    })

    /** Bound to the session, so that a token of another is worth nothing. */
    function csrfTokenOf(sessionId: string): string {
      return `${sessionId}.${createHmac('sha256', secret).update(`csrf\n${sessionId}`).digest('base64url')}`
    }
  },
  { name: 'cookies' },
)

function same(one: string, other: unknown): boolean {
  if (typeof other !== 'string') return false
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
