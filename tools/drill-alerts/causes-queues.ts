// What is put off, and not done.
import { randomUUID } from 'node:crypto'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { holdTable } from '../hold-table.ts'
import type { Broken, Cause } from './cause.ts'

const tenMinutes = 600_000

async function withQueue<T>({ redis }: Broken, name: string, work: (queue: Queue) => Promise<T>): Promise<T> {
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null })
  const queue = new Queue(name, { prefix: 'seaworthy', connection })
  try {
    return await work(queue)
  } finally {
    await queue.close()
    connection.disconnect()
  }
}

const insertEvent = `INSERT INTO outbox (aggregate, kind, payload, created_at, published_at)
  VALUES ('drill', 'drill.unknown', '{}', now() - make_interval(mins => $1), $2) RETURNING id`
const forgetEvents = `DELETE FROM outbox WHERE aggregate = 'drill'`

export const causesOfQueues: Cause[] = [
  {
    by: 'sixty jobs of ten minutes ago, each of which waits for a locked table',
    wave: 1,
    alerts: ['QueueBackedUp', 'QueueDelayBurn1h', 'QueueDelayBurn6h'],
    later: ['QueueDelayBurn1d', 'QueueDelayBurn3d'],
    async begin(broken) {
      const { contract, client, person, adminUrl } = broken
      const held = await holdTable(adminUrl, 'notifications')
      const payload = {
        ...{ contractId: contract.id, jobId: contract.jobId, jobTitle: 'Splice the mooring lines' },
        ...{ clientId: client.id, workerId: person.id },
      }
      const timestamp = Date.now() - tenMinutes
      await withQueue(broken, 'events', (queue) =>
        queue.addBulk(
          Array.from({ length: 60 }, () => ({
            name: 'contract.delivered',
            data: { kind: 'contract.delivered', payload, requestId: null },
            opts: { jobId: randomUUID(), timestamp, attempts: 3, backoff: 500 },
          })),
        ),
      )
      return async () => {
        await held.release()
        await held.close()
      }
    },
  },
  {
    by: 'an operator pauses the queue of mails',
    wave: 2,
    alerts: ['QueueNotConsumed'],
    async begin(broken) {
      const jobId = randomUUID()
      await withQueue(broken, 'mail', async (queue) => {
        await queue.pause()
        const data = { kind: 'mail.requested', payload: { notificationId: randomUUID() }, requestId: null }
        await queue.add('mail.requested', data, { jobId })
      })
      return () =>
        withQueue(broken, 'mail', async (queue) => {
          await queue.remove(jobId)
          await queue.resume()
        })
    },
  },
  {
    by: 'an event of a kind that nobody handles',
    wave: 2,
    alerts: ['DeadLetters'],
    async begin({ sql }) {
      await sql(insertEvent, [0, null])
      await sql(`SELECT pg_notify('outbox', '')`)
      return () => sql(forgetEvents)
    },
  },
  {
    by: 'an event of ten minutes ago, published, without its effect',
    wave: 3,
    alerts: ['OutboxStuck'],
    async begin({ sql }) {
      await sql(insertEvent, [10, new Date()])
      return () => sql(forgetEvents)
    },
  },
  {
    by: 'the daily digest was last due three days ago, and never done',
    wave: 2,
    alerts: ['SchedulerSilent'],
    async begin({ sql }) {
      await sql(`UPDATE schedules SET known_since = now() - interval '3 days' WHERE name = 'digest'`)
      return () => sql(`UPDATE schedules SET known_since = now() WHERE name = 'digest'`)
    },
  },
]
