// Stops answers from being sent again to whoever has them: a read carries an entity tag, and a caller who names it gets 304 without a
// body. Callers may keep a read and must ask again before they use it, so nobody sees what is no longer so. The tag is made of the
// serialised answer where neither a version nor the cache gave one. What may not be stored gets no tag, and streams pass untouched.
// It has no backing store. To remove it, delete its line in app.ts: reads then may not be stored at all.
import type { FastifyContextConfig } from 'fastify'
import fp from 'fastify-plugin'
import fresh from 'fresh'
import { weakEtagOf, withoutCoding } from '../lib/etag.ts'
import { IfNoneMatch, NotModified } from '../lib/schemas.ts'
import { variedBy } from '../lib/vary.ts'

export const conditional = fp(
  async (app) => {
    app.addHook('onRoute', (route) => {
      if (!isRead(String(route.method)) || route.schema?.hide || !isKept(route.config)) return
      const response = { ...(route.schema?.response as object), 304: NotModified }
      route.schema = { headers: IfNoneMatch, ...route.schema, response }
    })

    app.addHook('onRequest', async ({ method, routeOptions: { config } }, reply) => {
      if (!isRead(method) || !isKept(config)) return
      reply.header('cache-control', 'private, no-cache')
      if (config.access === 'optional')
        reply.header('vary', variedBy(variedBy(reply.getHeader('vary'), 'Authorization'), 'Cookie'))
    })

    app.addHook('onSend', async ({ method, headers }, reply, payload: unknown) => {
      if (!isRead(method) || reply.statusCode !== 200 || !isWhole(payload) || mayNotBeStored(reply)) return payload
      if (!reply.hasHeader('etag')) reply.header('etag', weakEtagOf(payload))
      const given = headers['if-none-match']
      if (given === undefined) return payload
      const asked = { 'if-none-match': withoutCoding(given), 'cache-control': headers['cache-control'] }
      if (!fresh(asked, { etag: withoutCoding(String(reply.getHeader('etag'))) })) return payload
      reply.code(304).removeHeader('content-type').removeHeader('content-length')
      // Fastify takes the body of a HEAD off by itself, and needs it for that.
      return method === 'HEAD' ? payload : null
    })
  },
  { name: 'conditional', dependencies: ['controls'] },
)

/** Health is what no limit holds for: it is asked for as it is now. */
const isKept = (config: FastifyContextConfig = {}) => config.limit !== 'none'
const isRead = (method: string) => method === 'GET' || method === 'HEAD'
const isWhole = (payload: unknown): payload is string | Buffer =>
  typeof payload === 'string' || Buffer.isBuffer(payload)
const mayNotBeStored = (reply: { getHeader(name: string): unknown }) =>
  String(reply.getHeader('cache-control')).includes('no-store')
