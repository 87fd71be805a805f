import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { begin } from '../../test/telemetry.ts'
import { openRedis } from '../../tools/redis-server.ts'
import { createMetrics } from './metrics.ts'
import { Unavailable } from './outside.ts'
import { createQueueMetrics } from './queue-metrics.ts'
import { openQueues } from './queues.ts'

const redis = await openRedis()
afterAll(() => redis.close())
const { ownerUrl } = await createTestDatabase()

test.each([
  ['Redis', { redis: redis.url }],
  ['PostgreSQL', { postgres: ownerUrl }],
])('on %s a job that met an open breaker waits as long as that says, and has lost no try', async (_name, store) => {
  const done = Promise.withResolvers<number>()
  const metrics = createMetrics()
  const kept: boolean[] = []
  const recording: typeof begin = (beginning) => {
    const { run, end } = begin(beginning)
    return {
      run,
      end(keep, about) {
        kept.push(keep)
        end(keep, about)
      },
    }
  }
  let calls = 0
  const handle = async () => {
    calls += 1
    if (calls < 3) throw new Unavailable('MAIL_UNAVAILABLE', 1)
    done.resolve(performance.now())
  }
  const settings = {
    store,
    prefix: randomUUID(),
    attempts: 1,
    backoff: 20,
    lock: 1000,
    begin: recording,
    metrics: createQueueMetrics(metrics),
    limits: { job: 60_000, schedule: 60_000 },
    onError: () => {},
  }
  const queues = openQueues([{ queue: 'mail', kind: 'mail.requested', handle }], settings)
  const dead: string[] = []
  await queues.work({
    concurrency: { events: 1, mail: 1 },
    onFailed: () => {},
    onDead: async ({ id }) => void dead.push(id),
  })
  const start = performance.now()
  const payload = { notificationId: randomUUID() }
  await queues.publish({ id: randomUUID(), kind: 'mail.requested', payload, requestId: null })
  expect((await done.promise) - start).toBeGreaterThan(1900)
  expect(await metrics.text()).toContain('seaworthy_queue_retries_total{queue="mail"} 0')
  await queues.close()
  expect([calls, dead]).toEqual([3, []])
  // To wait is no failure: it leaves no span of its own.
  expect(kept.length).toBeGreaterThan(2)
  expect(kept).not.toContain(true)
})
