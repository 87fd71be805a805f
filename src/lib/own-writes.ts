// Who wrote something a moment ago, in Redis for all replicas.
import { LRUCache } from 'lru-cache'
import type { Redis } from './redis.ts'

export type OwnWrites = ReturnType<typeof createOwnWrites>
type Options = {
  redis: Redis | undefined
  prefix: string
  /** While it is, nobody is asked. */
  isRedisAway: () => boolean
}

/** Milliseconds for which somebody counts as one who wrote. */
export const lately = 5000
/** Milliseconds that a write may take without being marked again at its end. */
export const quick = 1000

export function createOwnWrites({ redis, prefix, isRedisAway }: Options) {
  const here = new LRUCache<string, true>({ max: 10_000, ttl: lately + quick })
  const keyOf = (id: string) => `${prefix}:wrote:${id}`

  return { mark, wroteLately }

  /** Never rejects. It is tried whatever is known of Redis: another replica may reach it, and ask. */
  async function mark(id: string): Promise<void> {
    here.set(id, true)
    await redis?.set(keyOf(id), '', 'PX', lately + quick).catch(() => {})
  }

  /** Never rejects; true where it can't be known. */
  async function wroteLately(id: string): Promise<boolean> {
    if (here.has(id)) return true
    if (!redis) return false
    if (isRedisAway()) return true
    return redis.exists(keyOf(id)).then(
      (found) => found === 1,
      () => true,
    )
  }
}
