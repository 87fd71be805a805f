// Stops people from missing on a standby what they wrote a moment ago: who writes is marked for some seconds, for all replicas, and
// their reads go to the primary meanwhile. It asks in the same round trip as `rateLimit`, which comes next. While Redis is away
// everybody counts as one who wrote. To remove it, delete its line in app.ts: own writes may then be missing as long as the standby
// is behind.
import fp from 'fastify-plugin'
import { type OwnWrites, quick } from '../lib/own-writes.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether its sender has written lately, as soon as that is known; of strangers nothing is. */
    wroteLately: Promise<boolean> | undefined
  }
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS'])

export const ownWrites = fp<{ ownWrites: OwnWrites }>(
  async (app, { ownWrites: { mark, wroteLately } }) => {
    app.decorateRequest('wroteLately', undefined)

    app.addHook('onRequest', async (request) => {
      const { viewer, method } = request
      if (!viewer) return
      request.wroteLately = reads.has(method) ? wroteLately(viewer.id) : mark(viewer.id).then(() => true)
    })

    app.addHook('preHandler', async ({ viewer, wroteLately }) => {
      if (viewer && wroteLately) viewer.wroteLately = await wroteLately
    })

    // The seconds begin when it is answered.
    app.addHook('onSend', async ({ viewer, method }, reply) => {
      if (viewer && !reads.has(method) && reply.elapsedTime > quick) await mark(viewer.id)
    })
  },
  { name: 'own-writes', dependencies: ['identify'] },
)
