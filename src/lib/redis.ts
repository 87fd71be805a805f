// A connection to a Redis that answers soon or not at all: whoever asks goes on without it.
import { type Command, Redis } from 'ioredis'
import { inSpan, isRecorded, SpanKind } from './spans.ts'

export type { Redis } from 'ioredis'

type Options = { timeout: number; onError: (error: Error) => void }

/** `timeout` is in milliseconds. Resolves when it is connected, or can't be at first: it goes on trying, and each command fails. */
export async function openRedis(url: string, { timeout, onError }: Options): Promise<Redis> {
  const redis = new Redis(url, {
    commandTimeout: timeout,
    connectTimeout: 2000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
  })
  redis.on('error', onError)
  trace(redis, url)
  await new Promise<void>((resolve) => {
    redis.once('ready', resolve)
    redis.once('error', () => resolve())
  })
  return redis
}

/** New connections sign in as this URL says; the one that there is stays. */
export function signInAs(redis: Redis, url: string): void {
  const { username, password } = new URL(url)
  redis.options.username = decodeURIComponent(username)
  redis.options.password = decodeURIComponent(password)
}

/** Every command goes by sendCommand: its promise is the end of the span. */
function trace(redis: Redis, url: string): void {
  const { hostname, port } = new URL(url)
  const place = { 'db.system.name': 'redis', 'server.address': hostname, 'server.port': Number(port) || 6379 }
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
