// Stops writes while the service is read-only, before any work is done for them: 503 with Retry-After. Reads go on.
// Whether it is read-only is known already, from PostgreSQL and from the operator's switch, so no backing store can fail here; in
// the second before it is known, PostgreSQL itself refuses the write. To remove it, delete its line in app.ts: writes then fail late,
// and the operator's switch does nothing.
import fp from 'fastify-plugin'
import { AppError } from '../lib/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of a route that is served although an operator made the service read-only: signing in, and the switches themselves. */
    writes?: 'always'
  }
}

const reads = new Set(['GET', 'HEAD', 'OPTIONS'])

const readOnlyNow = () =>
  new AppError(503, 'READ_ONLY', 'The service takes no changes for the moment: you can read. Try again later', {
    headers: { 'retry-after': '5' },
  })

export const readOnly = fp<{ isReadOnly: () => boolean }>(
  async (app, { isReadOnly }) => {
    app.addHook('onRequest', async ({ method, is404, routeOptions }) => {
      if (reads.has(method) || is404 || routeOptions.config.writes || !isReadOnly()) return
      throw readOnlyNow()
    })
  },
  { name: 'read-only', dependencies: ['controls'] },
)
