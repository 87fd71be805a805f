// Connections to Redis, all of them: to one address, or to whatever the sentinels say is the primary when it connects.
import { type Command, Redis, type RedisOptions } from 'ioredis'
import { isOfSentinels, sentinelsOf } from './redis-sentinel.ts'
import { inSpan, isRecorded, SpanKind } from './spans.ts'

export type { Redis } from 'ioredis'

type Options = { timeout: number; onError: (error: Error) => void }

/** Milliseconds after which a connection that says nothing is given up: the server hangs, or the network has forgotten it. */
const silence = 5000

/** `timeout` is in milliseconds. Resolves when it is connected, or can't be at first: it goes on trying, and each command fails. */
export async function openRedis(url: string, { timeout, onError }: Options): Promise<Redis> {
  const redis = connectTo(url, {
    commandTimeout: timeout,
    connectTimeout: 2000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  })
  redis.on('error', onError)
  trace(redis, url)
  sendTogether(redis)
  await new Promise<void>((resolve) => {
    redis.once('ready', resolve)
    redis.once('error', () => resolve())
  })
  return redis
}

/** Connects, and again whenever the connection is lost. A failover is followed: the sentinels are asked each time. */
export function connectTo(url: string, options: RedisOptions): Redis {
  const isPatient = options.maxRetriesPerRequest === null
  const always: RedisOptions = {
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
    socketTimeout: silence,
    // The primary is a replica by now: another one takes writes. Whoever is patient has the command sent there.
    reconnectOnError: ({ message }) => message.includes('READONLY') && (isPatient ? 2 : 1),
    // A sentinel on a machine that hangs says nothing either: the next one is asked.
    sentinelCommandTimeout: 1000,
    ...options,
  }
  return isOfSentinels(url) ? new Redis({ ...sentinelsOf(url), ...always }) : new Redis(url, always)
}

/** New connections sign in as this URL says; the one that there is stays. */
export function signInAs(redis: Redis, url: string): void {
  const { username, password } = new URL(url)
  redis.options.username = decodeURIComponent(username)
  redis.options.password = decodeURIComponent(password)
  if (isOfSentinels(url)) Object.assign(redis.options, sentinelsOf(url))
}

/**
 * What the requests of one turn of the event loop ask leaves in one write, which is a system call, and with many callers the dearest
 * part of a question. ioredis's own way (`enableAutoPipelining`) lets the next questions wait until the last have been answered: while
 * Redis hangs that would be one time limit after the other.
 */
function sendTogether(redis: Redis): void {
  const send = redis.sendCommand.bind(redis)
  let corked: Redis['stream'] | undefined
  redis.sendCommand = (...given) => {
    const { stream } = redis
    if (stream && stream !== corked) {
      corked = stream
      stream.cork()
      setImmediate(() => {
        corked = undefined
        stream.uncork()
      })
    }
    return send(...given)
  }
}

/** Every command goes by sendCommand: its promise is the end of the span. */
function trace(redis: Redis, url: string): void {
  const { hostname, port } = new URL(url)
  const at = { 'db.system.name': 'redis', 'server.address': hostname }
  const place = isOfSentinels(url) ? at : { ...at, 'server.port': Number(port) || 6379 }
  const send = redis.sendCommand.bind(redis)
  redis.sendCommand = (command: Command, ...rest) => {
    if (isRecorded()) {
      const name = command.name.toUpperCase()
      const about = { kind: SpanKind.CLIENT, attributes: { ...place, 'db.operation.name': name } }
      inSpan(name, about, () => command.promise).catch(() => {})
    }
    return send(command, ...rest)
  }
}
