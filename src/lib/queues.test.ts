import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { watched } from '../../test/telemetry.ts'
import { openRedis } from '../../tools/redis-server.ts'
import { openQueues } from './queues.ts'

type Settings = Parameters<typeof openQueues>[1]
type Queues = ReturnType<typeof openQueues>
type Run = { id: string; at: number }

// Every write is on disk before it is acknowledged: what these tests lose at a kill, the code has lost.
const redis = await openRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } })
afterAll(() => redis.close())
const onRedis = { redis: redis.url }
const { ownerUrl } = await createTestDatabase()

let opened: Queues[] = []
let runs: Run[] = []
let failures: string[] = []
let dead: { id: string; reason: string }[] = []
let changes = new EventEmitter()
/** What the handler does, by the name of the event; otherwise it succeeds. */
let plans = new Map<string, (attempt: number) => unknown>()

beforeEach(() => {
  ;[opened, runs, failures, dead, plans] = [[], [], [], [], new Map()]
  changes = new EventEmitter().setMaxListeners(0)
})

afterEach(async () => {
  await Promise.all(opened.map((queues) => queues.close()))
})

/** Waits until it is so; whatever a handler does is looked at. */
async function until(predicate: () => boolean) {
  const signal = AbortSignal.timeout(15_000)
  while (!predicate()) await once(changes, 'change', { signal })
}

const attemptsOf = (id: string) => runs.filter((run) => run.id === id)

function open(store: Settings['store'], settings: Partial<Settings> = {}): Queues {
  const handle = async ({ id }: { id: string }) => {
    runs.push({ id, at: performance.now() })
    changes.emit('change')
    await plans.get(id)?.(attemptsOf(id).length)
  }
  const common = { store, prefix: randomUUID(), attempts: 4, backoff: 20, lock: 1000, ...watched(), onError: () => {} }
  const queues = openQueues([{ queue: 'mail', kind: 'mail.requested', handle }], { ...common, ...settings })
  opened.push(queues)
  return queues
}

const work = (queues: Queues, concurrency = 1) =>
  queues.work({
    concurrency: { events: concurrency, mail: concurrency },
    onDead: async ({ id }, { message }) => {
      dead.push({ id, reason: message })
      changes.emit('change')
    },
    onFailed: ({ id }) => failures.push(id),
  })

const event = (changes = {}) => ({
  id: randomUUID() as string,
  kind: 'mail.requested',
  payload: { notificationId: randomUUID() } as unknown,
  requestId: null,
  ...changes,
})

/** An event whose handler does that at each attempt. */
function planned(plan: (attempt: number) => unknown) {
  const made = event()
  plans.set(made.id, plan)
  return made
}

const fail = () => Promise.reject(new Error('not today'))

describe.each([
  ['Redis', onRedis],
  ['PostgreSQL', { postgres: ownerUrl }],
])('on %s', (_name, store) => {
  test('a job is handled once, with its event and payload', async () => {
    const seen = Promise.withResolvers<unknown[]>()
    const handle = async (...given: unknown[]) => seen.resolve(given)
    const settings = {
      store,
      prefix: randomUUID(),
      attempts: 1,
      backoff: 20,
      lock: 1000,
      ...watched(),
      onError: () => {},
    }
    const queues = openQueues([{ queue: 'mail', kind: 'mail.requested', handle }], settings)
    opened.push(queues)
    await work(queues)
    const told = event({ requestId: 'request' })
    await queues.publish(told)
    expect(await seen.promise).toEqual([{ id: told.id, requestId: 'request' }, told.payload])
  })

  test('an event that is published twice while its job is there is one job', async () => {
    const queues = open(store)
    const [twice, last] = [event(), event()]
    for (const told of [twice, twice, last]) await queues.publish(told)
    await work(queues)
    await until(() => attemptsOf(last.id).length > 0)
    expect(runs.map(({ id }) => id)).toEqual([twice.id, last.id])
  })

  test('a failing job is tried again after waits that grow, and dies once', async () => {
    const queues = open(store)
    await work(queues)
    const { id, ...told } = planned(fail)
    await queues.publish({ id, ...told })
    await until(() => dead.length > 0)
    const times = runs.map(({ at }) => at)
    const waits = times.slice(1).map((time, n) => time - (times[n] ?? 0))
    // Half of 20, 40 and 80 ms, less the grain of the clocks.
    for (const [n, least] of [10, 20, 40].entries()) expect(waits[n]).toBeGreaterThan(least - 2)
    expect(waits).toHaveLength(3)
    await queues.close()
    expect([failures, dead]).toEqual([[id, id, id, id], [{ id, reason: 'not today' }]])
  })

  test('a job that fails at first and then succeeds does not die', async () => {
    const queues = open(store)
    await work(queues)
    const { id, ...told } = planned((attempt) => attempt < 3 && fail())
    await queues.publish({ id, ...told })
    await until(() => attemptsOf(id).length === 3)
    await queues.close()
    expect([attemptsOf(id).length, failures, dead]).toEqual([3, [id, id], []])
  })

  test('a dead job is kept: its event is not taken again, unless it replaces the job', async () => {
    const queues = open(store, { attempts: 1 })
    await work(queues)
    const told = planned((attempt) => attempt === 1 && fail())
    await queues.publish(told)
    await until(() => dead.length === 1)
    const other = event()
    for (const one of [told, other]) await queues.publish(one)
    await until(() => attemptsOf(other.id).length === 1)
    expect(attemptsOf(told.id)).toHaveLength(1)
    // Each time that it is asked after may be one more.
    await vi.waitFor(async () => {
      await queues.publish(told, true)
      expect(attemptsOf(told.id).length).toBeGreaterThan(1)
    })
    expect(dead).toHaveLength(1)
  })

  test('a malformed payload and a kind that nobody handles are dead at once, and the others go on', async () => {
    const queues = open(store)
    await work(queues)
    const malformed = event({ payload: { notificationId: 'not an id' } })
    const unknown = event({ kind: 'tide.turned' })
    const good = event()
    for (const told of [malformed, unknown, good]) await queues.publish(told)
    await until(() => dead.length === 2 && runs.length === 1)
    expect(runs[0]?.id).toBe(good.id)
    expect(new Set(dead)).toEqual(
      new Set([
        { id: malformed.id, reason: 'The payload is not that of mail.requested' },
        { id: unknown.id, reason: 'Nobody handles events of the kind tide.turned' },
      ]),
    )
    expect(failures).toHaveLength(2)
  })

  test('the close waits for the job under way, and leaves the next one waiting', async () => {
    const queues = open(store)
    const end = Promise.withResolvers<void>()
    let ended = false
    const [first, second] = [planned(() => end.promise.then(() => (ended = true))), event()]
    await work(queues)
    for (const told of [first, second]) await queues.publish(told)
    await until(() => runs.length === 1)
    const closed = queues.close().then(() => ended)
    end.resolve()
    expect(await closed).toBe(true)
    expect(runs.map(({ id }) => id)).toEqual([first.id])
  })
})

describe('Redis', () => {
  test('jobs that failed together do not come back together', async () => {
    const queues = open(onRedis, { attempts: 2, backoff: 600 })
    await work(queues, 20)
    const told = Array.from({ length: 20 }, () => planned((attempt) => attempt === 1 && fail()))
    await Promise.all(told.map((one) => queues.publish(one)))
    await until(() => runs.length === 40)
    const waits = told.map(({ id }) => attemptsOf(id).map(({ at }) => at)).map(([a = 0, b = 0]) => b - a)
    expect(Math.min(...waits)).toBeGreaterThan(298)
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(60)
  })

  test('after it was killed and came back, the work goes on by itself, with what waited', async () => {
    const queues = open(onRedis)
    const end = Promise.withResolvers<void>()
    const [first, second, third] = [planned(() => end.promise), event(), event()]
    await work(queues)
    for (const told of [first, second]) await queues.publish(told)
    await until(() => runs.length === 1)
    redis.kill('SIGKILL')
    await redis.restart()
    end.resolve()
    await until(() => attemptsOf(second.id).length > 0)
    await vi.waitFor(() => queues.publish(third), 5000)
    await until(() => attemptsOf(third.id).length > 0)
    expect(dead).toEqual([])
  })

  test.each([
    ['is killed', 'SIGKILL'],
    ['hangs', 'SIGSTOP'],
  ] as const)('while it %s, whoever publishes knows within three seconds', async (_how, signal) => {
    const queues = open(onRedis)
    await queues.publish(event())
    redis.kill(signal)
    const before = performance.now()
    await expect(queues.publish(event())).rejects.toThrow()
    expect(performance.now() - before).toBeLessThan(3000)
    await (signal === 'SIGSTOP' ? redis.kill('SIGCONT') : redis.restart())
    await vi.waitFor(() => queues.publish(event()), 5000)
  })

  test('that is away at the start is known within three seconds too, and is used once it is there', async () => {
    redis.kill('SIGKILL')
    const before = performance.now()
    const queues = open(onRedis)
    const working = work(queues)
    await expect(queues.publish(event())).rejects.toThrow('out of reach')
    expect(performance.now() - before).toBeLessThan(3000)
    await redis.restart()
    await working
    const told = event()
    await vi.waitFor(() => queues.publish(told), 5000)
    await until(() => attemptsOf(told.id).length > 0)
  })

  test('that is away does not hold up the close', async () => {
    const queues = open(onRedis)
    await work(queues)
    await queues.publish(event())
    await until(() => runs.length === 1)
    redis.kill('SIGKILL')
    const before = performance.now()
    await queues.close()
    expect(performance.now() - before).toBeLessThan(3000)
    opened = []
    await redis.restart()
  })
})
