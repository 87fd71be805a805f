// What is counted of each queue: how much waits and for how long, how long jobs take, and how they end.
import type { Job, Queue } from 'bullmq'
import type { Metrics, Sample } from './metrics.ts'

export type QueueMetrics = ReturnType<typeof createQueueMetrics>

/** Seconds: a job may wait for minutes, and run for one. */
const buckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600]
const states = ['waiting', 'prioritized', 'active', 'delayed', 'failed', 'completed'] as const

export function createQueueMetrics(metrics: Metrics) {
  const waits = metrics.histogram({
    name: 'seaworthy_queue_wait_duration_seconds',
    help: 'From the time at which a job is due until its first try begins',
    labelNames: ['queue'],
    buckets,
  })
  const runs = metrics.histogram({
    name: 'seaworthy_queue_run_duration_seconds',
    help: 'How long a try of a job takes, by how it ended: success, failure, or delayed when what it needs is not available',
    labelNames: ['queue', 'outcome'],
    buckets,
  })
  const retries = metrics.counter({
    name: 'seaworthy_queue_retries_total',
    help: 'Tries of jobs after their first',
    labelNames: ['queue'],
  })
  const dead = metrics.counter({
    name: 'seaworthy_queue_dead_total',
    help: 'Jobs that failed for the last time',
    labelNames: ['queue'],
  })

  return {
    /** Of queues by name, asked at each scrape. */
    watch(queues: ReadonlyMap<string, Queue>): void {
      for (const queue of queues.keys()) {
        retries.inc({ queue }, 0)
        dead.inc({ queue }, 0)
      }
      const labelNames = ['queue']
      metrics.asked(
        'queues',
        {
          seaworthy_queue_jobs: { help: 'Jobs in a queue, by state', labelNames: ['queue', 'state'] },
          seaworthy_queue_oldest_waiting_seconds: {
            help: 'Age of the job that has waited longest; 0 where none waits',
            labelNames,
          },
          seaworthy_queue_workers: { help: 'Workers that are connected to a queue', labelNames },
        },
        async () => {
          const all = await Promise.all([...queues].map(([name, queue]) => look(name, queue)))
          return {
            seaworthy_queue_jobs: all.flatMap(({ jobs }) => jobs),
            seaworthy_queue_oldest_waiting_seconds: all.map(({ oldest }) => oldest),
            seaworthy_queue_workers: all.map(({ workers }) => workers),
          }
        },
      )
    },
    /** A try begins; call what it answers at its end. */
    begin(queue: string, job: Job): (outcome: 'success' | 'failure' | 'delayed') => void {
      if (job.attemptsMade > 0) retries.inc({ queue })
      if (job.attemptsStarted <= 1)
        waits.observe({ queue }, Math.max(0, Date.now() - job.timestamp - (job.opts.delay ?? 0)) / 1000)
      const end = runs.startTimer({ queue })
      return (outcome) => void end({ outcome })
    },
    died: (queue: string): void => dead.inc({ queue }),
  }
}

async function look(name: string, queue: Queue) {
  const labels = { queue: name }
  const [counts, first, later, workers] = await Promise.all([
    queue.getJobCounts(...states),
    queue.getWaiting(0, 0),
    queue.getPrioritized(0, 0),
    queue.getWorkersCount(),
  ])
  const age = Math.max(0, ...[...first, ...later].map(({ timestamp }) => Date.now() - timestamp)) / 1000
  return {
    jobs: states.map((state): Sample => ({ labels: { ...labels, state }, value: counts[state] ?? 0 })),
    oldest: { labels, value: age } satisfies Sample,
    workers: { labels, value: workers } satisfies Sample,
  }
}
