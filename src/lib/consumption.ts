// Whether this process still takes what waits: one that lives and answers, and has stopped to take jobs, is seen by nothing else.
import type { Job, Queue } from 'bullmq'
import { repeat } from './repeat.ts'

/** Milliseconds for which jobs may wait while this process begins none: longer than the usual limit of a job. */
const bound = 45_000
/** Milliseconds between two trials, and between two looks at most, or else nothing is said of the time between. */
const [pause, gap] = [15_000, 10_000]
/** Has no work to do: where nothing else comes it is what waits. One at a time in each queue, whoever puts it there. */
const trial = 'trial'

export function createConsumption(queues: ReadonlyMap<string, Pick<Queue, 'add' | 'getJobCounts'>>) {
  // Since when jobs of a queue have waited and none was begun here.
  const since = new Map<string, number>()
  let lookedAt = 0

  return {
    began: (queue: string): void => void since.delete(queue),
    isTrial: ({ name }: Job) => name === trial,
    keepTrying,
    check,
  }

  /** Puts a trial into each queue, now and then; a queue that is away gets none. */
  function keepTrying() {
    const put = (queue: Pick<Queue, 'add'>) =>
      queue.add(trial, {}, { jobId: trial, attempts: 1, removeOnComplete: true, removeOnFail: true })
    return repeat(() => Promise.allSettled([...queues.values()].map(put)), { every: pause })
  }

  /** Rejects when jobs have waited too long for a process that takes none of them; whether others do does not count. */
  async function check(): Promise<void> {
    const now = performance.now()
    if (now - lookedAt > gap) since.clear()
    const waiting = await Promise.all([...queues].map(async ([name, queue]) => [name, await waitingIn(queue)] as const))
    lookedAt = now
    for (const [name, count] of waiting) {
      if (count === 0) since.delete(name)
      else if (!since.has(name)) since.set(name, now)
    }
    const left = [...since].filter(([, from]) => now - from > bound).map(([name]) => name)
    if (left.length > 0) throw new Error(`takes nothing from ${left.join(', ')}, where jobs wait`)
  }
}

async function waitingIn(queue: Pick<Queue, 'getJobCounts'>): Promise<number> {
  const { waiting = 0, prioritized = 0 } = await queue.getJobCounts('waiting', 'prioritized')
  return waiting + prioritized
}
