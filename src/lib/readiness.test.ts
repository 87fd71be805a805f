import { describe, expect, test, vi } from 'vitest'
import { createMetrics } from './metrics.ts'
import { type Check, createReadiness, Unasked } from './readiness.ts'

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

test('what is watched later has to be up once too, then counts like what was given', async () => {
  const { readiness, status } = await buildReady()
  const queue = dependency('queue', 'events-wait')
  readiness.watch(queue.check)
  queue.breaks()
  expect(await status()).toBe('starting')
  queue.mends()
  expect(await status()).toBe('ready')
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

describe('a check that comes after another', () => {
  const built = (hangs = false) => {
    const postgres = dependency('postgres', 'database-away')
    const schema = dependency('schema')
    const hung = { check: () => new Promise<never>(() => {}) }
    const after = { ...schema.check, ...(hangs && hung), after: 'postgres' }
    const readiness = createReadiness({ checks: [postgres.check, after], timeout: 100 })
    return { postgres, schema, readiness }
  }

  test('says nothing where that one fails', async () => {
    const { postgres, schema, readiness } = built()
    await readiness.verdict()
    postgres.breaks()
    schema.breaks('behind')
    const { status, modes, checks } = await readiness.verdict()
    expect([status, modes, checks.map(({ name }) => name)]).toEqual(['degraded', ['database-away'], ['postgres']])
  })

  test('counts where that one passes', async () => {
    const { schema, readiness } = built()
    await readiness.verdict()
    schema.breaks('behind')
    expect(await readiness.verdict()).toMatchObject({ status: 'failing', checks: [{}, { problem: 'behind' }] })
  })

  test('has what is left of the time, and is late because of that one', async () => {
    const before = performance.now()
    const { status, modes, checks } = await built(true).readiness.verdict()
    expect([status, modes]).toEqual(['starting', ['database-away']])
    expect(checks).toMatchObject([{ ok: true }, { ok: false, problem: 'no answer within 100 ms' }])
    expect(performance.now() - before).toBeLessThan(1000)
  })
})

test('a check that could not ask has failed by the one before it, and by itself where there is none', async () => {
  const [postgres, alone] = [dependency('postgres', 'database-away'), dependency('alone')]
  let away = false
  const check = async () => {
    if (away) throw new Unasked('out of reach')
  }
  const schema = { name: 'schema', after: 'postgres', check }
  const readiness = createReadiness({ checks: [postgres.check, schema, alone.check], timeout: 1000 })
  await readiness.verdict()
  away = true
  expect(await readiness.verdict()).toEqual({
    status: 'degraded',
    modes: ['database-away'],
    checks: expect.arrayContaining([
      { name: 'schema', ok: false, milliseconds: expect.any(Number), problem: 'out of reach' },
    ]),
  })
  away = false
  alone.breaks()
  expect((await readiness.verdict()).status).toBe('failing')
})

test('what a start can do without makes it degraded, and keeps nothing from being ready once', async () => {
  const mail = dependency('mail', 'mail-waits')
  const postgres = dependency('postgres')
  const readiness = createReadiness({ checks: [postgres.check, { ...mail.check, startsWithout: true }], timeout: 1000 })
  mail.breaks()
  expect(await readiness.verdict()).toMatchObject({ status: 'degraded', modes: ['mail-waits'] })
  postgres.breaks()
  expect(await readiness.verdict()).toMatchObject({ status: 'failing' })
})

test('an answer stands as long as the check says, so that who is asked is not asked too often', async () => {
  let times = 0
  const check = { name: 'mail', every: 60_000, check: async () => void times++ }
  const readiness = createReadiness({ checks: [check], timeout: 1000 })
  for (let round = 0; round < 3; round++) expect((await readiness.verdict()).status).toBe('ready')
  expect(times).toBe(1)
})

test('many that ask at once make one round, and a check that hangs is not asked again beside itself', async () => {
  let times = 0
  const never = new Promise<never>(() => {})
  const ask = () => {
    times++
    return never
  }
  const check = { name: 'hung', check: ask }
  const readiness = createReadiness({ checks: [check], timeout: 20 })
  await Promise.all([readiness.verdict(), readiness.verdict()])
  await readiness.verdict()
  expect(times).toBe(1)
})

test('a check that hung is asked again when it has ended at last', async () => {
  const first = Promise.withResolvers<void>()
  const answers = [first.promise, Promise.reject(new Error('out of reach'))]
  answers[1]?.catch(() => {})
  const check = { name: 'slow', check: () => answers.shift() ?? Promise.resolve() }
  const readiness = createReadiness({ checks: [check], timeout: 20 })
  expect((await readiness.verdict()).checks).toMatchObject([{ problem: 'no answer within 20 ms' }])
  first.reject(new Error('gone'))
  await first.promise.catch(() => {})
  expect((await readiness.verdict()).checks).toMatchObject([{ problem: 'out of reach' }])
  expect((await readiness.verdict()).status).toBe('ready')
})

describe('the modes', () => {
  test('are those that the last round found, without asking anyone', async () => {
    const { redis, readiness } = await buildReady()
    redis.breaks()
    expect(readiness.modes()).toEqual([])
    await readiness.verdict()
    expect(readiness.modes()).toEqual(['without-cache'])
    redis.mends()
    expect(readiness.modes()).toEqual(['without-cache'])
    await readiness.verdict()
    expect(readiness.modes()).toEqual([])
  })

  test('are found in the background, until that is closed', async () => {
    const { redis, readiness } = build()
    redis.breaks()
    const asking = await readiness.keepAsking()
    expect(readiness.modes()).toEqual(['without-cache'])
    redis.mends()
    await vi.waitUntil(() => readiness.modes().length === 0, 5000)
    await asking.close()
  })

  test('follow the switches at once, name each once, and tell whether it is read-only', async () => {
    const on = new Set<string>()
    const postgres = dependency('writes', 'read-only')
    const switches = { names: ['read-only', 'cache-off'], isOn: (name: string) => on.has(name) }
    const readiness = createReadiness({ checks: [postgres.check], timeout: 1000, switches })
    expect(await readiness.verdict()).toMatchObject({ status: 'ready', modes: [] })
    on.add('cache-off')
    expect([readiness.modes(), readiness.isReadOnly()]).toEqual([['cache-off'], false])
    on.add('read-only')
    postgres.breaks()
    expect(await readiness.verdict()).toMatchObject({ status: 'degraded', modes: ['read-only', 'cache-off'] })
    expect(readiness.isReadOnly()).toBe(true)
    on.clear()
    expect([readiness.modes(), readiness.isReadOnly()]).toEqual([['read-only'], true])
  })

  test('each have a sample in the metrics, also while it is not in force', async () => {
    const metrics = createMetrics()
    const redis = dependency('redis', 'without-cache')
    const switches = { names: ['read-only'], isOn: () => false }
    const readiness = createReadiness({ checks: [redis.check], timeout: 1000, switches, metrics })
    const samples = async () => (await metrics.text()).split('\n').filter((line) => line.startsWith('seaworthy_'))
    const off = 'seaworthy_degraded_mode{mode="read-only"} 0'
    expect(await samples()).toEqual([off, 'seaworthy_degraded_mode{mode="without-cache"} 0'])
    redis.breaks()
    await readiness.verdict()
    expect(await samples()).toEqual([off, 'seaworthy_degraded_mode{mode="without-cache"} 1'])
  })
})
