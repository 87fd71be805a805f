import { expect, test } from 'vitest'
import { type Check, createReadiness } from './readiness.ts'

/** A dependency that is up until it is told otherwise. */
function dependency(name: string, mode?: string) {
  let problem: string | undefined
  const check = async () => {
    if (problem !== undefined) throw new Error(problem)
  }
  return {
    check: { name, check, ...(mode && { covered: mode }) } satisfies Check,
    breaks: (why = 'out of reach') => {
      problem = why
    },
    mends: () => {
      problem = undefined
    },
  }
}

function build() {
  const [postgres, redis] = [dependency('postgres'), dependency('redis', 'without-cache')]
  const readiness = createReadiness({ checks: [postgres.check, redis.check], timeout: 1000 })
  const status = async () => (await readiness.verdict()).status
  return { postgres, redis, readiness, status }
}

async function buildReady() {
  const built = build()
  await built.readiness.verdict()
  return built
}

test('it is ready when every check passes', async () => {
  expect(await build().readiness.verdict()).toEqual({
    status: 'ready',
    modes: [],
    checks: [
      { name: 'postgres', ok: true, milliseconds: expect.any(Number) },
      { name: 'redis', ok: true, milliseconds: expect.any(Number) },
    ],
  })
})

test('what is watched later counts like what was given', async () => {
  const { readiness, status } = await buildReady()
  const queue = dependency('queue', 'events-wait')
  readiness.watch(queue.check)
  queue.breaks()
  expect(await readiness.verdict()).toMatchObject({ status: 'degraded', modes: ['events-wait'] })
  queue.mends()
  expect(await status()).toBe('ready')
})

test('it is starting until everything was up once, even where a degraded mode covers what is away', async () => {
  const { postgres, redis, status } = build()
  redis.breaks()
  expect(await status()).toBe('starting')
  postgres.breaks()
  redis.mends()
  expect(await status()).toBe('starting')
  postgres.mends()
  expect(await status()).toBe('ready')
})

test('it is degraded when only that is away which a degraded mode covers, and names the mode', async () => {
  const { redis, readiness } = await buildReady()
  redis.breaks()
  expect(await readiness.verdict()).toMatchObject({ status: 'degraded', modes: ['without-cache'] })
})

test('it is failing when that is away which nothing covers', async () => {
  const { postgres, readiness } = await buildReady()
  postgres.breaks('the server says no')
  const { status, checks } = await readiness.verdict()
  expect(status).toBe('failing')
  expect(checks).toContainEqual({
    name: 'postgres',
    ok: false,
    milliseconds: expect.any(Number),
    problem: 'the server says no',
  })
})

test('it is failing when both are away', async () => {
  const { postgres, redis, status } = await buildReady()
  postgres.breaks()
  redis.breaks()
  expect(await status()).toBe('failing')
})

test('it is ready again when what was away is back', async () => {
  const { postgres, status } = await buildReady()
  postgres.breaks()
  expect(await status()).toBe('failing')
  postgres.mends()
  expect(await status()).toBe('ready')
})

test('draining wins over everything and lasts', async () => {
  const { postgres, readiness, status } = await buildReady()
  readiness.drain()
  expect(await status()).toBe('draining')
  postgres.breaks()
  expect(await status()).toBe('draining')
  postgres.mends()
  expect(await status()).toBe('draining')
})

test('a check that hangs ends at its timeout and says so', async () => {
  const hung = { name: 'hung', check: () => new Promise<never>(() => {}) }
  const { status, checks } = await createReadiness({ checks: [hung], timeout: 30 }).verdict()
  expect(status).toBe('starting')
  expect(checks).toEqual([
    { name: 'hung', ok: false, milliseconds: expect.any(Number), problem: 'no answer within 30 ms' },
  ])
  expect(checks[0]?.milliseconds).toBeGreaterThanOrEqual(29)
})

test('all checks run at once', async () => {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const meet = (own: PromiseWithResolvers<void>, other: PromiseWithResolvers<void>) => () => {
    own.resolve()
    return other.promise
  }
  const checks = [
    { name: 'first', check: meet(first, second) },
    { name: 'second', check: meet(second, first) },
  ]
  expect((await createReadiness({ checks, timeout: 5000 }).verdict()).status).toBe('ready')
})

test.each([
  ['rejects without a message', () => Promise.reject(new Error())],
  [
    'throws at once',
    () => {
      throw new Error()
    },
  ],
])('a check that %s has failed', async (_, check) => {
  const { checks } = await createReadiness({ checks: [{ name: 'silent', check }], timeout: 1000 }).verdict()
  expect(checks).toMatchObject([{ ok: false, problem: 'failed' }])
})
