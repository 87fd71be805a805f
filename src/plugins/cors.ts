// Stops pages of other origins from reading answers and from sending what a form can't: only listed origins get the fields that let
// them, and an origin that is not listed gets none. Pages of listed origins may use the session cookies (`csrf` says how); where any
// origin may call, cookies stay out.
// It has no backing store. To remove it, delete its line in app.ts: browsers then refuse every page of another origin.
import fastifyCors from '@fastify/cors'
import fp from 'fastify-plugin'

type Options = { origins: readonly string[] }

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const allowedHeaders = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'x-csrf-token',
  'x-request-id',
]
// What a page may read besides the seven fields that every page may.
const exposedHeaders = [
  'ETag',
  'Location',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
  'Idempotent-Replayed',
  'Age',
  'Cache-Status',
  'Degraded-Mode',
]
/** Seconds a browser may remember what a preflight answered. */
const maxAge = 600

export const cors = fp<Options>(
  async (app, { origins }) => {
    if (origins.length === 0) return
    const any = origins.includes('*')
    // Preflights of listed origins are answered before any control that asks who calls. Those of others meet this route, which is 404.
    app.addHook('onRoute', (route) => {
      if (route.method === 'OPTIONS') route.config = { ...route.config, access: 'public', limit: 'public' }
    })
    await app.register(fastifyCors, {
      origin: async (origin: string | undefined) => {
        if (any) return '*'
        return origin !== undefined && origins.includes(origin) ? origin : false
      },
      methods,
      allowedHeaders,
      exposedHeaders,
      maxAge,
      credentials: !any,
      // Without it, what is no preflight would be answered in plain text.
      strictPreflight: false,
    })
  },
  { name: 'cors' },
)
