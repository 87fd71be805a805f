import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { openRedis } from '../../tools/redis-server.ts'
import { createAttempts } from './attempts.ts'
import { createLocalAttempts } from './local-attempts.ts'
import { openRedis as connect } from './redis.ts'

const secret = 'a secret of this test'
const redis = [0, 1].map(() => new Redis(inject('redisUrl')))
afterAll(() => {
  for (const connection of redis) connection.disconnect()
})
/** Two processes that share a Redis, and one that has none. */
const build = (firstDelay = 30_000, prefix: string = randomUUID()) => {
  const [one, other] = redis.map((connection) => createAttempts({ redis: connection, prefix, secret, firstDelay }))
  return {
    prefix,
    one: one as Attempts,
    other: other as Attempts,
    alone: createAttempts({ redis: undefined, prefix, secret, firstDelay }),
  }
}
type Attempts = ReturnType<typeof createAttempts>
const guess = (account = 'ada@example.com', addressHash = 'home') => ({ account, addressHash })

/** Fails until it has to wait; answers how often it was taken. */
async function failUntilDelayed(attempts: Attempts, next: (n: number) => ReturnType<typeof guess>): Promise<number> {
  for (let n = 0; n < 200; n++) {
    if ((await attempts.before(next(n))) > 0) return n
    await attempts.failed(next(n))
  }
  return 200
}

describe.each(['one', 'alone'] as const)('counting in %s', (where) => {
  test('of one account from one address five failures are free', async () => {
    const attempts = build()[where]
    expect(await failUntilDelayed(attempts, () => guess())).toBe(5)
    const wait = await attempts.before(guess())
    expect(wait).toBeGreaterThan(25_000)
    expect(wait).toBeLessThanOrEqual(30_000)
  })

  test('a hundred guesses at once are no more than five', async () => {
    const attempts = build()[where]
    const waits = await Promise.all(Array.from({ length: 100 }, () => attempts.before(guess())))
    expect(waits.filter((wait) => wait === 0)).toHaveLength(5)
    expect(new Set(waits)).toEqual(new Set([0, 1000]))
  })

  test('a success gives the try back and clears the account at that address', async () => {
    const attempts = build()[where]
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 4; n++) {
        expect(await attempts.before(guess())).toBe(0)
        await attempts.failed(guess())
      }
      expect(await attempts.before(guess())).toBe(0)
      await attempts.succeeded(guess())
    }
  })

  test('what nobody could decide is given back', async () => {
    const attempts = build()[where]
    for (let n = 0; n < 30; n++) {
      expect(await attempts.before(guess())).toBe(0)
      await attempts.undecided(guess())
    }
  })

  test('an account waits after twenty failures from wherever', async () => {
    const attempts = build()[where]
    expect(await failUntilDelayed(attempts, (n) => guess('ada@example.com', `address ${n}`))).toBe(20)
    expect(await attempts.before(guess('ada@example.com', 'yet another'))).toBeLessThanOrEqual(5000)
    expect(await attempts.before(guess('grace@example.com', 'yet another'))).toBe(0)
  })

  test('an address waits after fifty failures for whomever, and a success does not help it', async () => {
    const attempts = build()[where]
    await attempts.before(guess('own@example.com'))
    await attempts.succeeded(guess('own@example.com'))
    expect(await failUntilDelayed(attempts, (n) => guess(`user-${n}@example.com`))).toBe(50)
    expect(await attempts.before(guess('own@example.com'))).toBeGreaterThan(25_000)
  })

  test('the first failure that lets an account wait is told, once within an hour', async () => {
    const attempts = build()[where]
    const outcomes = []
    for (const address of ['one', 'two'])
      for (let n = 0; n < 5; n++) outcomes.push(await attempts.failed(guess('ada@example.com', address)))
    expect(outcomes.map(({ locked }) => locked)).toEqual([...[0, 0, 0, 0, 1], ...[0, 0, 0, 0, 1]].map(Boolean))
    expect(outcomes.filter(({ tell }) => tell)).toHaveLength(1)
  })

  test('each failure doubles the delay', async () => {
    const attempts = build()[where]
    const waits = []
    for (let n = 0; n < 12; n++) waits.push((await attempts.failed(guess())).wait)
    expect(waits.slice(4)).toEqual([30, 60, 120, 240, 480, 900, 900, 900].map((seconds) => seconds * 1000))
  })
})

describe('processes that share a Redis', () => {
  test('count together, and one that starts later goes on', async () => {
    const { one, other, prefix } = build()
    for (let n = 0; n < 5; n++) await (n % 2 ? one : other).failed(guess())
    expect(await other.before(guess())).toBeGreaterThan(0)
    expect(await build(30_000, prefix).one.before(guess())).toBeGreaterThan(0)
  })

  test('an owner is not locked out by others: where it signed in before, only its own failures count', async () => {
    const { one } = build()
    await one.before(guess())
    await one.succeeded(guess())
    await failUntilDelayed(one, (n) => guess('ada@example.com', `attacker ${n}`))
    expect(await one.before(guess('ada@example.com', 'elsewhere'))).toBeGreaterThan(0)
    expect(await one.before(guess())).toBe(0)
    // The same address, under the key of the next month.
    expect(await one.before({ ...guess('ada@example.com', 'home, renamed'), formerAddressHash: 'home' })).toBe(0)
  })

  test('a delay ends, and then one try at a time is taken', async () => {
    const { one } = build(1000)
    await failUntilDelayed(one, () => guess())
    await expect.poll(() => one.before(guess()), { timeout: 5000, interval: 50 }).toBe(0)
    expect(await one.before(guess())).toBe(1000)
    expect((await one.failed(guess())).wait).toBe(2000)
  })

  test('keys name neither account nor address, and go by themselves', async () => {
    const { one, prefix } = build()
    await one.before(guess('ada@example.com', 'the-address'))
    await one.succeeded(guess('ada@example.com', 'the-address'))
    await one.failed(guess('grace@example.com', 'the-address'))
    const keys = (await redis[0]?.keys(`${prefix}:*`)) ?? []
    expect(keys.length).toBeGreaterThan(3)
    expect(keys.join()).not.toMatch(/ada|grace|example|the-address/)
    for (const key of keys) expect(await redis[0]?.pttl(key)).toBeGreaterThan(0)
  })
})

describe('counting in this process', () => {
  const rules = [{ free: 2, first: 1000, most: 4000, clears: true }]
  const at = (options = {}) => {
    let now = 0
    const { ask, size } = createLocalAttempts({ rules, hour: 3_600_000, flight: 30_000, now: () => now, ...options })
    const askAt = (outcome: Parameters<typeof ask>[0], time: number, name = 'x') => {
      now = time
      return ask(outcome, [name])
    }
    return { ask: askAt, size }
  }

  test('forgets the free ones evenly over a day', () => {
    const { ask } = at()
    for (const time of [0, 1]) ask('failed', time)
    expect(ask('failed', 12 * 3_600_000 + 10).wait).toBe(1000)
    expect(ask('failed', 36 * 3_600_000 + 20).wait).toBe(0)
  })

  test('forgets a try whose process died', () => {
    const { ask } = at()
    for (const time of [0, 1]) ask('before', time)
    expect(ask('before', 2).wait).toBe(1000)
    expect(ask('before', 30_002).wait).toBe(0)
  })

  test('keeps so many names and no more', () => {
    const { ask, size } = at({ keys: 100 })
    for (let n = 0; n < 500; n++) ask('failed', n, `name ${n}`)
    expect(size()).toBe(100)
  })
})

test.each([
  ['gone', 'SIGKILL'],
  ['hung', 'SIGSTOP'],
] as const)('with Redis %s it still waits, soon', async (_, signal) => {
  const server = await openRedis()
  const connection = await connect(server.url, { timeout: 50, onError: () => {} })
  const attempts = createAttempts({ redis: connection, prefix: 'x', secret })
  expect(await attempts.before(guess())).toBe(0)
  server.kill(signal)
  const start = performance.now()
  expect(await failUntilDelayed(attempts, () => guess())).toBe(5)
  expect(attempts.isLocal()).toBe(true)
  expect(performance.now() - start).toBeLessThan(1000)
  connection.disconnect()
  server.kill('SIGCONT')
  await server.close()
})
