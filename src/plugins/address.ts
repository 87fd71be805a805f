// Finds out from which address a request comes, and names it everywhere by a keyed hash: an address is personal data. A forwarded
// address counts only when a proxy of TRUST_PROXY vouches for it, so that nobody steps around a limit by a header of his own.
// It has no backing store. To remove it, delete its line in app.ts: limits by address then fail.
import { createHmac, hkdfSync } from 'node:crypto'
import { isIP, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's address, IPv4 where it is one mapped into IPv6. */
    address: string
    /** Tells addresses apart without naming them, within a month (UTC); IPv6 by /64, which is one household. */
    readonly addressHash: string
    /** The same by last month's key. */
    readonly formerAddressHash: string
  }
}

/**
 * From where Fly's proxy reaches a machine. Not from fdaa::/16, the private network of an organisation: any other machine there could
 * call in the proxy's name. Where the proxy came from elsewhere, all callers would look like one, and nobody could pretend to be another.
 */
const flyProxy = ipaddr.parseCIDR('172.16.0.0/12') as [ipaddr.IPv4, number]

/** What Fastify's `trustProxy` takes: the words mean networks of RFC 1122, RFC 1918 and RFC 4193, or Fly's proxy. */
export function trustedProxies(words: readonly string[]): string[] | false {
  const networks = { loopback: ['loopback'], private: ['uniquelocal'], fly: [flyProxy.join('/')] }
  return words.length > 0 && words.flatMap((word) => networks[word as 'loopback'] ?? word)
}

type Options = { secret: string; trustProxy?: readonly string[] }
/** Characters of the longest address, an IPv4 one written inside IPv6. */
const longest = 45

export const address = fp<Options>(
  async (app, { secret, trustProxy = [] }) => {
    const clientOf = trustProxy.includes('fly') ? behindFly : behindProxies
    app.decorateRequest('address', '')
    const keys = monthlyKeys(secret)
    const [current, former] = [rememberedHashes(), rememberedHashes()]
    app.decorateRequest('addressHash', {
      getter() {
        return current(this.address, keys().current)
      },
    })
    app.decorateRequest('formerAddressHash', {
      getter() {
        return former(this.address, keys().former)
      },
    })

    app.addHook('onRequest', async (request) => {
      // A proxy that vouches for what is no address is taken for the caller itself.
      const own = request.socket.remoteAddress ?? ''
      const given = clientOf(request, own)
      request.address = plain(isIP(given) ? given : own)
    })
  },
  { name: 'address' },
)

/** The last hop that is no proxy of ours. */
const behindProxies = ({ ip }: FastifyRequest) => ip

/** What the proxy itself saw. X-Forwarded-For ends with the address that was called, and begins with what the caller wrote. */
function behindFly({ headers }: FastifyRequest, own: string): string {
  const client = headers['fly-client-ip']
  return isOfFly(own) && typeof client === 'string' && client.length <= longest ? client : own
}

function isOfFly(own: string): boolean {
  const at = isIP(own) ? ipaddr.process(own) : undefined
  return at instanceof ipaddr.IPv4 && at.match(flyProxy)
}

const plain = (address: string) => (isIP(address) ? ipaddr.process(address).toString() : address)

/** One caller asks for its hash several times for each request, and comes again. With another key all are made anew. */
export function rememberedHashes() {
  const hashes = new LRUCache<string, string>({ max: 10_000 })
  let by: Buffer | undefined
  return (address: string, key: Buffer): string => {
    if (key !== by) hashes.clear()
    by = key
    const known = hashes.get(address)
    if (known !== undefined) return known
    const hash = hashOf(address, key)
    hashes.set(address, hash)
    return hash
  }
}

function hashOf(address: string, key: Buffer): string {
  return createHmac('sha256', key).update(networkOf(address)).digest('base64url').slice(0, 22)
}

function networkOf(address: string): string {
  return isIPv6(address) ? (ipaddr.parse(address) as ipaddr.IPv6).parts.slice(0, 4).join(':') : address
}

/**
 * A key for each month, by HKDF (RFC 5869), and that of the month before. What was kept under an older one can't be compared with new
 * requests any more. Whoever has APP_SECRET can make every key again: to destroy the link for good, change it.
 */
export function monthlyKeys(secret: string, now = () => new Date()) {
  let [from, until] = [0, 0]
  let keys: { current: Buffer; former: Buffer } = { current: Buffer.alloc(0), former: Buffer.alloc(0) }
  return () => {
    const date = now()
    if (date.getTime() < from || date.getTime() >= until) {
      const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
      ;[from, until] = [Date.UTC(year, month), Date.UTC(year, month + 1)]
      keys = { current: keyOf(from), former: keyOf(Date.UTC(year, month - 1)) }
    }
    return keys
  }

  function keyOf(start: number): Buffer {
    return Buffer.from(hkdfSync('sha256', secret, '', `address ${new Date(start).toISOString().slice(0, 7)}`, 32))
  }
}
