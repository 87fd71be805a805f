// The variables of what every request passes: addresses, limits, cache, time and load.
import { BlockList, isIP } from 'node:net'
import { Type } from 'typebox'
import { milliseconds, redisUrl, succeeds } from './environment.kit.schemas.ts'

const limit = (otherwise: string, what: string) =>
  Type.String({
    pattern: '^[1-9][0-9]{0,8}/[1-9][0-9]{0,4}s$',
    should: 'calls per seconds, such as 30/60s',
    default: otherwise,
    description: `Limit of ${what}, as calls per seconds`,
  })

/** Of a limit such as 30/60s: calls, and milliseconds. */
export function limitOf(text: string) {
  const [max, seconds] = text.split(/\D/).map(Number)
  return { max: max as number, window: (seconds as number) * 1000 }
}

/** Words of a list that is separated by commas. */
export const wordsOf = (list: string) => list.split(',').flatMap((word) => word.trim() || [])

const list = (check: (word: string) => boolean, should: string, means: string) =>
  Type.Refine(Type.String({ maxLength: 4000, should, default: '', description: means }), (text) =>
    wordsOf(text).every(check),
  )

const isNetwork = (word: string) => {
  const [address = '', bits = '', ...more] = word.split('/')
  const version = isIP(address)
  return (
    more.length === 0 &&
    succeeds(() => new BlockList().addSubnet(address, Number(bits), version === 6 ? 'ipv6' : 'ipv4')) &&
    /^\d+$/.test(bits)
  )
}
const isOrigin = (word: string) => word === '*' || succeeds(() => new URL(word).origin === word)
const isHost = (word: string) => /^[a-z0-9.-]+$/i.test(word)

export const edge = {
  // Fly's proxy says who calls in a field of its own, so it can't be one hop of several.
  TRUST_PROXY: Type.Refine(
    list(
      (word) => word === 'fly' || word === 'loopback' || word === 'private' || isNetwork(word),
      'a list of networks such as 10.0.0.0/8, or the words loopback and private, separated by commas, or fly alone',
      'Proxies whose X-Forwarded-For counts: networks (CIDR), or loopback, or private; or fly, whose Fly-Client-IP counts. None where empty',
    ),
    (text) => text.trim() === 'fly' || !wordsOf(text).includes('fly'),
  ),
  ALLOWED_HOSTS: list(
    isHost,
    'a list of host names, separated by commas',
    'Host names of this service besides that of PUBLIC_URL',
  ),
  CORS_ORIGINS: list(
    isOrigin,
    'a list of origins such as https://app.example.com, separated by commas',
    'Origins of the pages that may call this service from a browser; * for any, but never in production',
  ),

  LIMITS_REDIS_URL: Type.Optional(redisUrl('Redis for the limits, which may evict; REDIS_URL where unset')),
  CACHE_REDIS_URL: Type.Optional(redisUrl('Redis for the cache, which may evict; REDIS_URL where unset')),
  REDIS_TIMEOUT_MS: milliseconds(50, 'Longest a request waits for the Redis of limits and cache'),

  LIMIT_AUTH: limit('5/60s', 'signing in and up, by address'),
  LIMIT_PAYMENT: limit('5/60s', 'moving money'),
  LIMIT_UPLOAD: limit('10/60s', 'uploads'),
  LIMIT_WRITE: limit('30/60s', 'other writes'),
  LIMIT_READ: limit('100/60s', 'reads of signed-in users'),
  LIMIT_PUBLIC: limit('100/60s', 'what strangers may read'),
  LIMIT_PARTNER_FACTOR: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 5,
    description: 'How many times the limits a user of the tier partner has',
  }),
  LIMIT_EXEMPT: list(
    isNetwork,
    'a list of networks such as 10.0.0.0/8, separated by commas',
    'Networks (CIDR) that no limit holds for, such as your own monitoring',
  ),

  CACHE: Type.Enum(['on', 'off'], { default: 'on', description: 'Whether public reads are cached' }),
  CACHE_GRACE_MS: milliseconds(
    600_000,
    'How long a cached answer may be served after its end, while PostgreSQL is away',
  ),

  CONCURRENT_REQUESTS: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    default: 100,
    description: 'Most requests that are worked on at once',
  }),
  WAITING_REQUESTS: Type.Integer({
    minimum: 0,
    maximum: 10_000,
    default: 100,
    description: 'Most requests that wait for that',
  }),
  WAITING_MS: milliseconds(250, 'Longest a request waits for that before it is refused'),
  EVENT_LOOP_DELAY_MS: milliseconds(500, 'Delay of the event loop from which requests are refused'),
  COMPRESS_FROM_BYTES: Type.Integer({
    minimum: 1,
    maximum: 1_048_576,
    default: 1024,
    description: 'Size from which answers are compressed',
  }),
  STREAMS_MAX: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 5000,
    description: 'Most streams of notifications that a process holds open',
  }),
  STREAMS_PER_USER: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 5,
    description: 'Most of them that one user has',
  }),
  STREAM_PING_MS: milliseconds(30_000, 'How often each stream is asked whether anybody is there'),
  STREAM_LOOK_MS: milliseconds(5000, 'How often streams are looked at for what nobody told them of'),
  METRICS_PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 9091,
    description: 'Port of the metrics; 0 takes any free one',
  }),
}
