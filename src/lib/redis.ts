// A connection to a Redis that answers soon or not at all: whoever asks goes on without it.
import { Redis } from 'ioredis'

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
