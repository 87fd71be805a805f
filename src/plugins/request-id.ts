// Gives each request an id that its answer, its log lines and its errors carry. A caller's own X-Request-Id is taken when it is
// well-formed, so that one id follows a request through several services; anything else could forge log lines, and is replaced.
// To remove it, delete its line in app.ts and genReqId there: ids are then counters that repeat on each restart.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import fp from 'fastify-plugin'

const wellFormed = /^[A-Za-z0-9._-]{8,64}$/

export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && wellFormed.test(given) ? given : randomUUID()
}

export const requestId = fp(
  async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id)
    })
  },
  { name: 'request-id' },
)
