// The address of a Redis that sentinels know by a name: redis-sentinel://:PASSWORD@NAME/0?sentinels=HOST:PORT,HOST:PORT. Password and
// user are those of Redis; sentinels that want their own have them in sentinelUsername and sentinelPassword. rediss-sentinel:// is TLS
// to Redis and sentinels alike.
import type { SentinelConnectionOptions } from 'ioredis'

type SentinelOptions = SentinelConnectionOptions & { username?: string; password?: string; db: number }

const parameters = ['sentinels', 'sentinelUsername', 'sentinelPassword']

export const isOfSentinels = (url: string) => /^rediss?-sentinel:/.test(url)

/** What ioredis takes. Throws an Error that says what is wrong with the address, and nothing of what is secret in it. */
export function sentinelsOf(url: string): SentinelOptions {
  const { protocol, hostname, port, pathname, username, password, search } = new URL(url)
  // A plus is a plus: passwords in base64 have them.
  const given = new URLSearchParams(search.replaceAll('+', '%2B'))
  // Which one it is may be a part of a password that was not percent-encoded.
  if (![...given.keys()].every((name) => parameters.includes(name)))
    throw new Error(`has a parameter that is none of ${parameters.join(', ')}`)
  if (!hostname || port)
    throw new Error('has no name of a primary, or a port beside it: HOST:PORT are those of sentinels')
  const db = pathname.slice(1) || '0'
  if (!/^\d{1,5}$/.test(db)) throw new Error('has a path that is no number of a database')
  const words = given.get('sentinels')?.split(',') ?? []
  if (words.length === 0) throw new Error('names no sentinels: sentinels=HOST:PORT,HOST:PORT')
  const [sentinelUsername, sentinelPassword] = [given.get('sentinelUsername'), given.get('sentinelPassword')]
  return {
    name: decodeURIComponent(hostname),
    sentinels: words.map(placeOf),
    db: Number(db),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(sentinelUsername && { sentinelUsername }),
    ...(sentinelPassword && { sentinelPassword }),
    ...(protocol === 'rediss-sentinel:' && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  }
}

/** What is wrong with such an address, in words; undefined when nothing is, or it is no such address. */
export function sentinelProblem(url: string): string | undefined {
  if (!isOfSentinels(url) || !URL.canParse(url)) return undefined
  try {
    sentinelsOf(url)
    return undefined
  } catch (error) {
    return error instanceof URIError ? undefined : (error as Error).message
  }
}

/** The password of the sentinels, where the address has one. */
export const sentinelPasswordOf = (url: string): string | undefined =>
  isOfSentinels(url) ? sentinelsOf(url).sentinelPassword : undefined

function placeOf(word: string): { host: string; port: number } {
  const [, v6, name, port = '26379'] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(word) ?? []
  const host = v6 ?? name
  if (!host || Number(port) < 1 || Number(port) > 65_535) throw new Error('has a sentinel that is no HOST:PORT')
  return { host, port: Number(port) }
}
