import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { openRedis } from '../../tools/redis-server.ts'
import { createLimiter, createLocalWindows } from './limits.ts'
import { openRedis as connect } from './redis.ts'

const minute = 60_000

function at(start: number, options = {}) {
  let time = start
  const { take, size } = createLocalWindows({ now: () => time, ...options })
  return {
    size,
    /** Whether a call is taken that long after the start. */
    takes: (after: number, max = 5, key = 'someone') => {
      time = start + after
      return take(key, max, minute).used <= max
    },
    take: (after: number, max = 5) => {
      time = start + after
      return take('someone', max, minute)
    },
  }
}

describe('a window of this process', () => {
  test('takes as many calls as it allows, then none', () => {
    const { takes } = at(0)
    expect([0, 1, 2, 3, 4, 5, 6].map((after) => takes(after))).toEqual([true, true, true, true, true, false, false])
  })

  test('slides: a burst at the end of one window leaves nothing for the start of the next', () => {
    const { takes } = at(0)
    for (let n = 0; n < 5; n++) takes(minute - 5 + n)
    expect(takes(minute + 1)).toBe(false)
    expect(takes(minute + minute / 2)).toBe(true)
  })

  test('is empty again after two windows', () => {
    const { takes } = at(0)
    for (let n = 0; n < 5; n++) takes(n)
    expect([0, 1, 2, 3, 4, 5].map((n) => takes(2 * minute + n))).toEqual([true, true, true, true, true, false])
  })

  test.each([0, 1, 12_345, minute - 1])('says truly how long to wait, from %d ms into a window', (into) => {
    const { take, takes } = at(into)
    let refused = take(0)
    while (refused.used <= 5) refused = take(0)
    expect(takes(refused.wait - 2)).toBe(false)
    expect(takes(refused.wait)).toBe(true)
    const again = take(refused.wait)
    expect(again.used).toBe(6)
    expect(takes(refused.wait + again.wait)).toBe(true)
  })

  test('callers do not share, and refused calls do not count', () => {
    const { takes } = at(0)
    for (let n = 0; n < 50; n++) takes(0)
    expect(takes(0, 5, 'another')).toBe(true)
    expect(takes(minute + minute / 2)).toBe(true)
  })

  test('ten thousand keys and no more are kept: who called longest ago is forgotten first', () => {
    const { takes, size } = at(0)
    for (let n = 0; n < 10_500; n++) takes(0, 1, `caller ${n}`)
    expect(size()).toBe(10_000)
    expect(takes(0, 1, 'caller 10499')).toBe(false)
    expect(takes(0, 1, 'caller 0')).toBe(true)
  })
})

describe('windows that replicas share', async () => {
  const redis = [0, 1].map(() => new Redis(inject('redisUrl')))
  const prefix = randomUUID()
  const [one, other] = redis.map((connection) => createLimiter({ redis: connection, prefix }))
  afterAll(() => {
    for (const connection of redis) connection.disconnect()
  })

  test('two replicas count together, and as a single process does', async () => {
    const local = createLocalWindows()
    for (let n = 0; n < 40; n++) {
      const key = `caller ${n % 3}`
      const { used } = (await (n % 2 ? one : other)?.take(key, 7, 3_600_000)) ?? {}
      expect(used).toBe(local.take(key, 7, 3_600_000).used)
    }
  })

  test('a key goes by itself', async () => {
    await one?.take('short', 5, 1000)
    const lifetime = await redis[0]?.pttl(`${prefix}:limit:short`)
    expect(lifetime).toBeGreaterThan(0)
    expect(lifetime).toBeLessThanOrEqual(2000)
  })
})

describe('without its Redis', () => {
  const failing: [string, (server: Awaited<ReturnType<typeof openRedis>>, admin: Redis) => unknown][] = [
    ['gone', (server) => server.kill('SIGKILL')],
    ['hung', (server) => server.kill('SIGSTOP')],
    ['full', (_, admin) => admin.config('SET', 'maxmemory', '1')],
    ['read-only', (_, admin) => admin.replicaof('127.0.0.1', '1')],
  ]
  test.each(failing)('%s: the limit holds in this process, soon', async (_, fail) => {
    const server = await openRedis()
    const admin = new Redis(server.url)
    admin.on('error', () => {})
    const redis = await connect(server.url, { timeout: 50, onError: () => {} })
    const { take, isLocal } = createLimiter({ redis, prefix: 'x' })
    expect((await take('someone', 2, minute)).used).toBe(1)
    expect(isLocal()).toBe(false)
    await fail(server, admin)
    const start = performance.now()
    const used = [await take('someone', 2, minute), await take('someone', 2, minute), await take('someone', 2, minute)]
    expect(used.map((taken) => taken.used)).toEqual([1, 2, 3])
    expect(isLocal()).toBe(true)
    // One call waits for Redis, the others do not ask it again.
    expect(performance.now() - start).toBeLessThan(1000)
    admin.disconnect()
    redis.disconnect()
    server.kill('SIGCONT')
    await server.close()
  })
})
