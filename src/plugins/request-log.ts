// Writes one line for each answered request: route, status, duration. The query string stays out, since people search for names,
// and so does the address: its keyed hash tells callers apart.
// It has no backing store. To remove it, delete its line in app.ts.
import fp from 'fastify-plugin'

type Options = {
  /** Share of the successes that are quick whose line is written. */
  successRatio: number
  /** Milliseconds from which a request is slow. */
  slow: number
}

export const requestLog = fp<Options>(
  async (app, { successRatio, slow }) => {
    app.addHook('onResponse', async (request, reply) => {
      const isQuickSuccess = reply.statusCode < 400 && reply.elapsedTime < slow
      if (isQuickSuccess && Math.random() >= successRatio) return
      const line = {
        method: request.method,
        path: request.url.split('?', 1)[0],
        route: request.routeOptions.url ?? null,
        operation: request.routeOptions.schema?.operationId ?? null,
        status: reply.statusCode,
        addressHash: request.addressHash,
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      }
      request.log.info(line, 'request answered')
    })
  },
  { name: 'request-log' },
)
