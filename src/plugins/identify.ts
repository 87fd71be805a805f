// Finds out who calls, and refuses no one: `authorise` does. Nothing is looked up, so no backing store can fail.
// Stops nobody from being mistaken for another: a token counts only if its signature, issuer, audience and end are right.
// To remove it, delete its line in app.ts: every caller is then a stranger, and all but public routes answer 401.
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
  }
}

type Options = { verify: (token: string) => Promise<Actor> }

const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i

export const identify = fp<Options>(
  async (app, { verify }) => {
    app.decorateRequest('viewer', undefined)
    app.decorateRequest('credentials', 'none')
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
          userAgent: (this.headers['user-agent'] ?? '').slice(0, 200),
          path: this.url.split('?', 1)[0]?.slice(0, 500) ?? '',
        }
      },
    })

    app.addHook('onRequest', async (request) => {
      const { authorization } = request.headers
      if (authorization === undefined) return
      const token = bearer.exec(authorization)?.[1]
      const actor = token ? await verify(token).catch(() => undefined) : undefined
      request.viewer = actor && { ...actor, ...request.seen }
      request.credentials = request.viewer ? 'good' : 'bad'
    })
  },
  { name: 'identify', dependencies: ['address'] },
)
