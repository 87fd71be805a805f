// Finds out who calls, by the access token of the Authorization field or of a cookie, and refuses no one: `authorise` does. A token
// counts only if its signature, issuer, audience and end are right, and its session has not ended: which ones have, each process knows
// within a second or two (modules/identity/sessions.service.ts), so no request asks a backing store. While the database is away
// nothing new can end. To remove it, delete its line in app.ts: every caller is then a stranger, and all but public routes answer 401.
import fp from 'fastify-plugin'
import type { Actor, Seen } from '../lib/actor.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, if we know. */
    viewer: Actor | undefined
    /** Who calls, on a route that only a signed-in user reaches. */
    readonly actor: Actor
    /** What can be seen of the request, whoever sends it. */
    readonly seen: Seen
    credentials: 'none' | 'good' | 'bad'
    /** Where the token came from. */
    viewedBy: 'bearer' | 'cookie' | undefined
  }
}

type Options = {
  verify: (token: string) => Promise<Actor>
  /** Whether a session has ended. */
  isEnded: (sessionId: string) => boolean
}

const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i

export const identify = fp<Options>(
  async (app, { verify, isEnded }) => {
    app.decorateRequest('viewer', undefined)
    app.decorateRequest('credentials', 'none')
    app.decorateRequest('viewedBy', undefined)
    app.decorateRequest('actor', {
      getter() {
        if (!this.viewer)
          throw new Error(`${this.routeOptions.url} reads request.actor, but its access lets strangers in`)
        return this.viewer
      },
    })

    app.decorateRequest('seen', {
      getter() {
        return {
          requestId: this.id,
          addressHash: this.addressHash,
          formerAddressHash: this.formerAddressHash,
          userAgent: (this.headers['user-agent'] ?? '').slice(0, 200),
          path: this.url.split('?', 1)[0]?.slice(0, 500) ?? '',
        }
      },
    })

    app.addHook('onRequest', async (request) => {
      const { authorization } = request.headers
      const token = authorization === undefined ? request.accessCookie : bearer.exec(authorization)?.[1]
      if (authorization === undefined && token === undefined) return
      request.viewedBy = authorization === undefined ? 'cookie' : 'bearer'
      const actor = token ? await verify(token).catch(() => undefined) : undefined
      if (actor && !(actor.sessionId && isEnded(actor.sessionId))) request.viewer = { ...actor, ...request.seen }
      request.credentials = request.viewer ? 'good' : 'bad'
    })
  },
  { name: 'identify', dependencies: ['address', 'cookies'] },
)
