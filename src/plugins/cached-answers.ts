// Answers reads that are the same for everyone from the cache, as bytes with their entity tag, so that a hit costs no query and no
// serialisation. Whoever is signed in gets the same answer where there is a public one, and else one of their own (a draft, say).
// Without Redis each read asks the database, one at a time for all who want the same; without the database what was read before is
// served stale for a while, and says so (`Age`, and a negative ttl in `Cache-Status`, RFC 9211).
// To remove it, delete its line in app.ts: every read asks the database then.
import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import fp from 'fastify-plugin'
import type { Cache, Lifetime, Read } from '../lib/cache.ts'
import { AppError } from '../lib/errors.ts'
import { etagOf, weakEtagOf } from '../lib/etag.ts'

type Input = { params: Record<string, string>; query: Record<string, unknown> }

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer is the same for everyone, and is kept. A write that changes it must `forget` one of its tags. */
    cached?: {
      lifetime: Lifetime
      tags: (input: Input) => readonly string[]
      /** Which calls have no public answer. */
      unless?: (input: Input) => boolean
    }
  }
}

export const cachedAnswers = fp<{ cache: Cache }>(
  async (app, { cache }) => {
    app.addHook('onRoute', (route) => {
      const { handler, config, schema } = route
      const cached = config?.cached
      if (!cached) return
      const name = String(schema?.operationId)
      // An answer that other code has stored under another schema is none of ours.
      const shape = shortHash(JSON.stringify(schema?.response))
      route.handler = async function (request, reply) {
        const input = request as unknown as Input
        const answer = (as: FastifyRequest) => handler.call(this, as, reply)
        if (cached.unless?.(input)) return answer(request)
        const key = `${shape}:${shortHash(JSON.stringify(Object.entries({ ...input.params, ...input.query }).sort()))}`
        const wanted = { name, key, tags: cached.tags(input), lifetime: cached.lifetime }
        try {
          const seen = await cache.read(wanted, async () => loaded(await answer(asStranger(request)), reply))
          return send(reply, seen)
        } catch (error) {
          if (request.viewer && error instanceof AppError && error.status === 404) return answer(request)
          throw error
        }
      }
    })
  },
  { name: 'cached-answers', dependencies: ['identify', 'controls'] },
)

const shortHash = (text: string) => hash('sha256', text, 'base64url').slice(0, 22)

/** The same request without its sender, so that nothing of one caller can reach another. */
const asStranger = (request: FastifyRequest): FastifyRequest =>
  Object.create(request, { viewer: { value: undefined }, credentials: { value: 'none' } })

function loaded(payload: Awaited<ReturnType<RouteHandlerMethod>>, reply: FastifyReply) {
  const body = Buffer.from(reply.serialize(payload as object) as string)
  const version = (payload as { version?: unknown }).version
  return { body, etag: typeof version === 'number' ? etagOf(version) : weakEtagOf(body) }
}

function send(reply: FastifyReply, { body, etag, at, until, result }: Read): Buffer {
  const now = Date.now()
  reply.header('etag', etag).header('cache-control', 'public, no-cache').type('application/json; charset=utf-8')
  if (result === 'bypass' || result === 'miss') reply.header('cache-status', `Seaworthy; fwd=${result}`)
  else {
    reply.header('age', String(Math.max(0, Math.floor((now - at) / 1000))))
    const detail = result === 'stale' ? '; detail=stale' : ''
    reply.header('cache-status', `Seaworthy; hit; ttl=${Math.round((until - now) / 1000)}${detail}`)
  }
  return body
}
