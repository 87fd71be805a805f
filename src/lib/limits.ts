// Counts calls in sliding windows: in Redis for all replicas together, and in this process alone while Redis is away.
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel'
import type { Redis } from './redis.ts'

/** What limits are called: each route names one. */
export const policies = ['auth', 'payment', 'upload', 'write', 'read', 'public'] as const
export type Policy = (typeof policies)[number]

/** `used` counts this call; it is above `max` when the call is refused. `wait`: milliseconds until the next would be taken, or, after one that was taken, until all are free again. */
export type Taken = { used: number; wait: number }
export type Limiter = ReturnType<typeof createLimiter>

/** Milliseconds for which nobody asks a Redis that failed. */
const pause = 1000

/**
 * `take` counts a call under its key, unless `max` calls are in the last `window` milliseconds already: those of the current window,
 * and the share of the one before it that still overlaps. Refused calls do not count. Without Redis each process counts for itself.
 */
export function createLimiter({ redis, prefix }: { redis: Redis | undefined; prefix: string }) {
  const local = createLocalWindows()
  const breaker = circuitBreaker(handleAll, { halfOpenAfter: pause, breaker: new ConsecutiveBreaker(1) })
  redis?.defineCommand('slide', { numberOfKeys: 1, lua })

  return { take, isLocal: () => Boolean(redis) && breaker.state !== CircuitState.Closed, check }

  async function take(key: string, max: number, window: number): Promise<Taken> {
    if (!redis) return local.take(key, max, window)
    try {
      return await breaker.execute(() => shared(redis, `${prefix}:limit:${key}`, max, window))
    } catch {
      return local.take(key, max, window)
    }
  }

  /** Rejects while the limits are this process's own. */
  async function check(): Promise<void> {
    await redis?.ping().catch(() => Promise.reject(new Error('Redis is out of reach')))
  }
}

async function shared(redis: Redis, key: string, max: number, window: number): Promise<Taken> {
  const slide = (redis as Redis & { slide(...args: (string | number)[]): Promise<[number, number]> }).slide.bind(redis)
  const [used, wait] = await slide(key, max, window)
  return { used, wait }
}

// By the clock of Redis, so that replicas with other clocks agree. `s` is the window, `c` its calls, `p` those of the one before.
const lua = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local max, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local slot = math.floor(now / window)
local elapsed = now - slot * window
local seen = redis.call('HMGET', KEYS[1], 's', 'c', 'p')
local s, c, p = tonumber(seen[1]), tonumber(seen[2] or 0), tonumber(seen[3] or 0)
if s ~= slot then
  p = (s == slot - 1) and c or 0
  c = 0
end
local used = p * (window - elapsed) / window + c
if used + 1 > max then
  if c + 1 > max then return { max + 1, math.ceil(2 * window - elapsed - window * (max - 1) / c) } end
  return { max + 1, math.ceil(window * (used + 1 - max) / p) }
end
redis.call('HSET', KEYS[1], 's', slot, 'c', c + 1, 'p', p)
redis.call('PEXPIRE', KEYS[1], 2 * window - elapsed)
return { math.ceil(used + 1), 2 * window - elapsed }`

type Window = { slot: number; calls: number; before: number }

/** The same count in this process. At most `keys` are kept: the one that called longest ago goes first. */
export function createLocalWindows({ keys = 10_000, now = Date.now } = {}) {
  const windows = new Map<string, Window>()

  return { take, size: () => windows.size }

  function take(key: string, max: number, window: number): Taken {
    const at = now()
    const slot = Math.floor(at / window)
    const elapsed = at - slot * window
    const { calls, before } = roll(windows.get(key), slot)
    const used = (before * (window - elapsed)) / window + calls
    windows.delete(key)
    if (used + 1 > max) {
      windows.set(key, { slot, calls, before })
      return { used: max + 1, wait: Math.ceil(untilOneIsFree()) }
    }
    windows.set(key, { slot, calls: calls + 1, before })
    if (windows.size > keys) windows.delete(windows.keys().next().value as string)
    return { used: Math.ceil(used + 1), wait: 2 * window - elapsed }

    function untilOneIsFree(): number {
      if (calls + 1 > max) return 2 * window - elapsed - (window * (max - 1)) / calls
      return (window * (used + 1 - max)) / before
    }
  }
}

function roll(seen: Window | undefined, slot: number): Window {
  if (seen?.slot === slot) return seen
  return { slot, calls: 0, before: seen?.slot === slot - 1 ? seen.calls : 0 }
}
