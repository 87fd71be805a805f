// BullMQ alone: jobs that do nothing, added a hundred at a time as the relay claims them, as many at once as a worker of the service.
import { Queue, Worker } from 'bullmq'
import { answerParent } from '../child.ts'

export type Given = { redisUrl: string; concurrency: number; count: number }

const batch = 100

/** Answers the seconds from the first that was added until the last was done. */
answerParent(async ({ redisUrl, concurrency, count }: Given): Promise<number> => {
  const { hostname: host, port } = new URL(redisUrl)
  const settings = { connection: { host, port: Number(port) }, prefix: 'bench' }
  const queue = new Queue('nothing', { ...settings, defaultJobOptions: { removeOnComplete: { count: 1000 } } })
  const worker = new Worker('nothing', async () => {}, { ...settings, concurrency })
  try {
    await worker.waitUntilReady()
    const { promise: allDone, resolve } = Promise.withResolvers<void>()
    let done = 0
    worker.on('completed', () => {
      if (++done === count) resolve()
    })
    const begun = performance.now()
    for (let added = 0; added < count; added += batch)
      await queue.addBulk(
        Array.from({ length: batch }, () => ({ name: 'nothing', data: { kind: 'nothing', payload: {} } })),
      )
    await allDone
    return (performance.now() - begun) / 1000
  } finally {
    await worker.close()
    await queue.close()
  }
})
