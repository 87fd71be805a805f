// The queues as whoever looks sees them: in a process that works on none of them. Nothing connects before somebody looks.
import type { Queue } from 'bullmq'
import { openQueueStore, type StoreOptions, soon } from './queue-store.ts'
import { queueNames } from './queues.ts'

export type QueueViews = ReturnType<typeof openQueueViews>
export type QueueCounts = { name: string; waiting: number; active: number; delayed: number; failed: number }

export function openQueueViews(settings: StoreOptions) {
  let opened: { queues: Queue[]; disconnect: () => void } | undefined

  return {
    queues: (): Queue[] => open().queues,
    /** Rejects when the store does not answer within two seconds. */
    async counts(): Promise<QueueCounts[]> {
      return Promise.all(open().queues.map(countsOf))
    },
    async close(): Promise<void> {
      await Promise.allSettled(opened?.queues.map((queue) => queue.close()) ?? [])
      opened?.disconnect()
    },
  }

  function open() {
    if (!opened) {
      const { openQueue, disconnect } = openQueueStore(settings)
      opened = { queues: queueNames.map(openQueue), disconnect }
    }
    return opened
  }
}

async function countsOf(queue: Queue): Promise<QueueCounts> {
  await soon(queue.waitUntilReady())
  const counts = await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed')
  const { waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts
  return { name: queue.name, waiting: waiting + prioritized, active, delayed, failed }
}
