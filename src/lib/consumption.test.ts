import { afterEach, expect, test, vi } from 'vitest'
import { createConsumption } from './consumption.ts'

const counts = { events: 0, mail: 0 }
const queueOf = (name: keyof typeof counts) => ({
  getJobCounts: async () => ({ waiting: counts[name] }),
  add: async () => expect.unreachable(),
})
const queues = new Map(Object.keys(counts).map((name) => [name, queueOf(name as keyof typeof counts)]))
let now = 0
vi.spyOn(performance, 'now').mockImplementation(() => now)
afterEach(() => Object.assign(counts, { events: 0, mail: 0 }))

/** Looks every five seconds; answers after how many it was said that nothing is taken, if it was. */
async function lookFor(seconds: number, look: ReturnType<typeof createConsumption>, during = () => {}) {
  for (let second = 0; second <= seconds; second += 5) {
    now += 5000
    during()
    const problem = await look.check().then(
      () => undefined,
      (error: Error) => error.message,
    )
    if (problem) return { second, problem }
  }
}

test('who takes nothing of what waits is told so within a minute, with the queue', async () => {
  counts.mail = 3
  const told = await lookFor(60, createConsumption(queues as never))
  expect(told).toEqual({ second: 50, problem: 'takes nothing from mail, where jobs wait' })
})

test('where nothing waits, or something is taken now and then, all is well', async () => {
  const consumption = createConsumption(queues as never)
  expect(await lookFor(300, consumption)).toBeUndefined()
  counts.events = 1000
  let turn = 0
  expect(await lookFor(600, consumption, () => ++turn % 6 === 0 && consumption.began('events'))).toBeUndefined()
})

test('time in which nobody looked counts for nothing', async () => {
  counts.mail = 1
  const consumption = createConsumption(queues as never)
  expect(await lookFor(40, consumption)).toBeUndefined()
  now += 600_000
  expect(await lookFor(40, consumption)).toBeUndefined()
})
