// Stops one change from overwriting another that its author never saw: an answer with a version carries it as ETag, and a route
// that reads request.ifMatch refuses requests without one (428, RFC 6585). The comparison is the service's, in its transaction.
// It has no backing store. To remove it, delete its line in app.ts: the routes that need it then fail.
import fp from 'fastify-plugin'
import { etagOf, versionRequired } from '../lib/etag.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The If-Match field. Throws 428 when there is none. */
    readonly ifMatch: string
  }
}

export const versions = fp(
  async (app) => {
    app.decorateRequest('ifMatch', {
      getter() {
        const given = this.headers['if-match']
        if (given === undefined) throw versionRequired()
        return given
      },
    })

    app.addHook('preSerialization', async (_request, reply, payload: unknown) => {
      if (hasVersion(payload)) reply.header('etag', etagOf(payload.version))
      return payload
    })
  },
  { name: 'versions' },
)

function hasVersion(payload: unknown): payload is { version: number } {
  return typeof payload === 'object' && payload !== null && 'version' in payload && typeof payload.version === 'number'
}
