// Finds out from which address a request comes, and names it in the log by a keyed hash: an address is personal data. A forwarded
// address counts only when a proxy of TRUST_PROXY vouches for it, so that nobody steps around a limit by a header of his own.
// It has no backing store. To remove it, delete its line in app.ts: limits by address then fail.
import { createHmac } from 'node:crypto'
import { isIP } from 'node:net'
import fp from 'fastify-plugin'
import ipaddr from 'ipaddr.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's address, IPv4 where it is one mapped into IPv6. */
    address: string
    /** Tells addresses apart without naming them. */
    readonly addressHash: string
  }
}

/** What Fastify's `trustProxy` takes: the words mean networks of RFC 1122, RFC 1918 and RFC 4193. */
export function trustedProxies(words: readonly string[]): string[] | false {
  const networks = { loopback: ['loopback'], private: ['uniquelocal'] }
  return words.length > 0 && words.flatMap((word) => networks[word as 'loopback'] ?? word)
}

export const address = fp<{ secret: string }>(
  async (app, { secret }) => {
    app.decorateRequest('address', '')
    app.decorateRequest('addressHash', {
      getter() {
        return createHmac('sha256', secret).update(`address\n${this.address}`).digest('base64url').slice(0, 22)
      },
    })

    app.addHook('onRequest', async (request) => {
      // A proxy that vouches for what is no address is taken for the caller itself.
      const given = isIP(request.ip) ? request.ip : (request.socket.remoteAddress ?? '')
      request.address = isIP(given) ? ipaddr.process(given).toString() : given
    })
  },
  { name: 'address' },
)
