import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { Redis } from 'ioredis'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { watched } from '../../test/telemetry.ts'
import { openRedis } from '../../tools/redis-server.ts'
import { openQueues } from './queues.ts'

const redis = await openRedis()
afterAll(() => redis.close())
const { ownerUrl } = await createTestDatabase()
const secondly = { name: 'secondly', cron: '* * * * * *' }
const opened: ReturnType<typeof openQueues>[] = []
afterEach(() => Promise.all(opened.splice(0).map((queues) => queues.close())))

describe.each([
  ['Redis', { redis: redis.url }],
  ['PostgreSQL', { postgres: ownerUrl }],
])('on %s', (_name, store) => {
  /** Workers that share their schedules, and what they did. */
  function workers(prefix: string = randomUUID()) {
    const fired: { name: string; due: string; by: number }[] = []
    const changes = new EventEmitter().setMaxListeners(0)
    return { prefix, fired, start, until }

    async function start(by: number, list = [secondly], work: () => Promise<void> = async () => {}) {
      const queues = openQueues([], {
        store,
        prefix,
        attempts: 4,
        backoff: 20,
        lock: 1000,
        ...watched(),
        onError: () => {},
      })
      opened.push(queues)
      const timetable = await queues.schedule(list, async (name, due) => {
        fired.push({ name, due: due.toISOString(), by })
        changes.emit('change')
        await work()
      })
      await timetable.keep()
      return { ...timetable, close: queues.close }
    }

    async function until(predicate: () => boolean) {
      const signal = AbortSignal.timeout(15_000)
      while (!predicate()) await once(changes, 'change', { signal })
    }
  }

  test('three workers fire once for each second, on the second', async () => {
    const { start, fired, until } = workers()
    await Promise.all([1, 2, 3].map((by) => start(by)))
    await until(() => fired.length >= 4)
    const times = fired.map(({ due }) => due)
    expect(new Set(times).size).toBe(times.length)
    expect(times.every((due) => due.endsWith('.000Z'))).toBe(true)
  })

  test('what fails is tried again for the same time', async () => {
    const { start, fired, until } = workers()
    let failures = 2
    await start(1, [secondly], () => (failures-- > 0 ? Promise.reject(new Error('not today')) : Promise.resolve()))
    await until(() => fired.filter(({ due }) => due === fired[0]?.due).length === 3)
  })

  test('what left the list is taken out, and a new time takes the place of the old one', async () => {
    const { start, fired, until } = workers()
    const first = await start(1, [secondly, { name: 'other', cron: '* * * * * *' }])
    await until(() => new Set(fired.map(({ name }) => name)).size === 2)
    await first.close()
    fired.length = 0
    await start(2, [secondly, { name: 'yearly', cron: '0 0 1 1 *' }])
    await until(() => fired.length >= 3)
    expect(new Set(fired.map(({ name }) => name))).toEqual(new Set(['secondly']))
  })
})

test('times that Redis has forgotten are put back', async () => {
  const prefix = randomUUID()
  const queues = openQueues([], {
    store: { redis: redis.url },
    prefix,
    attempts: 1,
    backoff: 20,
    lock: 1000,
    ...watched(),
    onError: () => {},
  })
  opened.push(queues)
  const fired = new EventEmitter()
  const timetable = await queues.schedule([secondly], async () => void fired.emit('fired'))
  await timetable.keep()
  await once(fired, 'fired')
  const client = new Redis(redis.url)
  const keys = await client.keys(`${prefix}:schedules:*`)
  await client.del(keys)
  await client.quit()
  await timetable.keep()
  await once(fired, 'fired', { signal: AbortSignal.timeout(10_000) })
})
