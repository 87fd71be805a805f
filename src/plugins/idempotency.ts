// Stops a request that is sent twice from having two effects: a route declared idempotent takes an Idempotency-Key, and its service
// runs under it (db/once.ts), where key, work and answer commit together. The key's store is the database that holds the work, so
// when it is away nothing is done at all. A route whose handler never runs under its key is a 500: the control would be inert.
// To remove it, delete its line in app.ts: routes that read request.once then fail.
import { createHmac } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../lib/errors.ts'
import type { Once } from '../lib/once.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The call's key, on a route declared idempotent. */
    once: Once
  }
  interface FastifyContextConfig {
    /** Takes an Idempotency-Key; the handler must hand request.once to the service. */
    idempotent?: true
  }
}

const keyMissing = () =>
  new AppError(
    400,
    'IDEMPOTENCY_KEY_MISSING',
    'Send an Idempotency-Key: a text of your own, new for each new request, the same when you repeat one',
  )
const keyMalformed = () =>
  new AppError(
    400,
    'IDEMPOTENCY_KEY_MALFORMED',
    'The Idempotency-Key must be 1 to 255 visible ASCII characters, quoted or not',
  )

type Options = { secret: string }

export const idempotency = fp<Options>(
  async (app, { secret }) => {
    app.decorateRequest('once')

    app.addHook('preHandler', async (request) => {
      if (request.routeOptions.config.idempotent) request.once = readOnce(request, secret)
    })

    app.addHook('onSend', async ({ once, routeOptions }, reply) => {
      if (!once) return
      if (once.replayed) reply.header('idempotent-replayed', 'true')
      if (!once.ran && reply.statusCode < 400)
        throw new Error(`${routeOptions.url} is declared idempotent, but its work did not run under its key`)
    })
  },
  { name: 'idempotency', dependencies: ['identify', 'controls'] },
)

function readOnce({ headers, viewer, method, routeOptions, url, body, id }: FastifyRequest, secret: string): Once {
  const given = headers['idempotency-key']
  if (typeof given !== 'string' || given === '') throw keyMissing()
  const key = /^"(.*)"$/.exec(given)?.[1] ?? given
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw keyMalformed()
  const path = url.split('?', 1)[0]
  // Keyed, because a body may hold a password.
  const bodyHash = createHmac('sha256', secret)
    .update('idempotency\n')
    .update(Buffer.isBuffer(body) ? body : JSON.stringify(body ?? null))
    .digest()
  return {
    // Strangers share no keys: one could otherwise take another's.
    caller: viewer?.id ?? `stranger ${bodyHash.toString('base64url')}`,
    // The path, not its template: a key for one job says nothing of another.
    route: `${method} ${path}`,
    key,
    bodyHash,
    requestId: id,
    status: successOf(routeOptions.schema?.response),
    ran: false,
    replayed: false,
  }
}

const successOf = (response: unknown) =>
  Number(Object.keys(response ?? {}).find((status) => status.startsWith('2')) ?? 200)
