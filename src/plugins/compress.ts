// Stops long answers from costing their readers time and money: from `from` bytes on they are compressed, by what the caller takes.
// Not where a token stands beside what a caller sent (limit `auth`): the length of such an answer would tell of the token (BREACH).
// It has no backing store. To remove it, delete its line in app.ts.
import fastifyCompress from '@fastify/compress'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { codings, etagOfCoding } from '../lib/etag.ts'
import { variedBy } from '../lib/vary.ts'

type Options = { from: number }

export const compress = fp<Options>(
  async (app, { from }) => {
    app.addHook('onRoute', (route) => {
      if (route.config?.limit === 'auth') route.compress = false
    })
    // Its brotli works at quality 4. Bodies that callers compressed stay refused: a few bytes could become gigabytes.
    await app.register(fastifyCompress, {
      threshold: from,
      encodings: [...codings] as 'br'[],
      globalDecompression: false,
    })
    // Runs after the compression, whose hooks stand on the routes too.
    app.addHook('onRoute', (route) => {
      if (route.compress !== false) route.onSend = [route.onSend ?? [], nameCoding].flat()
    })
  },
  { name: 'compress' },
)

/** Says that the answer depends on Accept-Encoding, and tells the strong tags of its codings apart. */
async function nameCoding({ headers }: FastifyRequest, reply: FastifyReply) {
  reply.header('vary', variedBy(reply.getHeader('vary'), 'accept-encoding'))
  const etag = reply.getHeader('etag')
  if (typeof etag !== 'string' || !etag.startsWith('"')) return
  const coding = reply.getHeader('content-encoding')
  if (typeof coding === 'string') reply.header('etag', etagOfCoding(etag, coding))
  if (reply.statusCode === 304) {
    const tags = codings.map((name) => etagOfCoding(etag, name))
    reply.header('etag', tags.find((tag) => headers['if-none-match']?.includes(tag)) ?? etag)
  }
}
