// Stops other sites from writing by the cookies of a visitor: what a cookie allows needs the origin of a page of ours and the token of
// the session in X-CSRF-Token (OWASP: signed double submit). What a bearer token allows needs neither, since no browser adds one by
// itself. It has no backing store. To remove it, delete its line in app.ts: SameSite alone then stands between sites and our cookies.
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Actor, Seen } from '../lib/actor.ts'
import { AppError } from '../lib/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Takes a refresh token, which may come as a cookie. */
    renews?: true
  }
}

type Options = {
  /** Origins of the pages that may write. */
  origins: readonly string[]
  security: (kind: 'csrf.refused', who: Seen & Partial<Actor>, facts: { because: string }) => void
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS'])
const csrfRefused = (detail: string) => new AppError(403, 'CSRF_REFUSED', detail)

export const csrf = fp<Options>(
  async (app, { origins, security }) => {
    app.addHook('onRequest', async (request) => {
      if (reads.has(request.method) || request.is404 || !standsOnCookies(request)) return
      const { origin } = request.headers
      const { csrfSession, viewer } = request
      if (origin === undefined || !origins.includes(origin)) {
        security('csrf.refused', viewer ?? request.seen, { because: 'origin' })
        throw csrfRefused('A write by cookie must come from a page of an origin that this service knows')
      }
      if (csrfSession === undefined || (viewer?.sessionId !== undefined && csrfSession !== viewer.sessionId)) {
        security('csrf.refused', viewer ?? request.seen, { because: 'token' })
        throw csrfRefused('A write by cookie needs the CSRF token of the session as X-CSRF-Token')
      }
    })
  },
  { name: 'csrf', dependencies: ['cookies', 'identify', 'controls'] },
)

function standsOnCookies({ viewedBy, refreshCookie, headers, routeOptions: { config } }: FastifyRequest): boolean {
  if (config.renews && refreshCookie !== undefined && headers.authorization === undefined) return true
  return viewedBy === 'cookie' && config.access !== 'public'
}
