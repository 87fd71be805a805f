// Stops requests from going on for ever, and for nobody: one that takes longer than its limit is answered with 504, one whose client
// hangs up is dropped, and in both cases its SQL is cancelled. The client can't know whether a write was kept: that is what its
// Idempotency-Key is for. It has no backing store.
// To remove it, delete its line in app.ts: `statement_timeout` is then the only limit, statement by statement.
import type { FastifyReply, RouteHandlerMethod } from 'fastify'
import fp from 'fastify-plugin'
import { underSignal, unlessGivenUp } from '../lib/deadline.ts'
import { AppError } from '../lib/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Milliseconds that a request may take, where it is not the limit of all. */
    timeout?: number
  }
}

const tookTooLong = () =>
  new AppError(504, 'TOOK_TOO_LONG', 'The request took too long and was given up. Try again', {
    headers: { 'retry-after': '1' },
  })
/** Nobody reads it but the log: 499 is what nginx calls it. */
const clientGone = () => new AppError(499, 'CLIENT_GONE', 'The client has hung up')

/** `limit` is in milliseconds, from the first byte of the request. */
export const deadline = fp<{ limit: number }>(
  async (app, { limit }) => {
    app.addHook('onRoute', (route) => {
      const { handler, config } = route
      const within = config?.timeout ?? limit
      route.handler = function (request, reply) {
        return answerWithin(within, reply, () => handler.call(this, request, reply))
      }
    })
  },
  { name: 'deadline' },
)

function answerWithin(limit: number, reply: FastifyReply, work: () => ReturnType<RouteHandlerMethod>) {
  const givingUp = new AbortController()
  const answer = underSignal(givingUp.signal, work)
  if (!(answer instanceof Promise)) return answer
  const hangUp = () => reply.raw.writableFinished || givingUp.abort(clientGone())
  reply.raw.once('close', hangUp)
  return unlessGivenUp(answer, givingUp, limit - reply.elapsedTime, tookTooLong).finally(() => {
    reply.raw.off('close', hangUp)
  })
}
