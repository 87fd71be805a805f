// The queue kit. A job carries one event; its handler has the effect once.
import { DelayedError, type Job, type Queue, UnrecoverableError, type Worker } from 'bullmq'
import { Value } from 'typebox/value'
import { createConsumption } from './consumption.ts'
import { underSignal, unlessGivenUp } from './deadline.ts'
import { type EventKind, type EventPayload, events } from './events.schemas.ts'
import { Unavailable } from './outside.ts'
import type { QueueMetrics } from './queue-metrics.ts'
import { openQueueStore, type StoreOptions, soon } from './queue-store.ts'
import { type Attributes, SpanKind, traceparent } from './spans.ts'
import type { Tracing, Unit } from './tracing.ts'

export type Told = { id: string; requestId: string | null }
type Message = { kind: string; payload: unknown; requestId: string | null; traceparent?: string | null | undefined }
type QueueName = 'events' | 'mail'

/** What is done about one kind of event, and in which queue it waits. */
export type Handler = {
  [K in EventKind]: {
    queue: QueueName
    kind: K
    /** 1 for what comes after the others that wait. */
    rank?: 0 | 1
    handle: (event: Told, payload: EventPayload<K>) => Promise<void>
    /** It has failed for the last time, and whoever waits for it has to know. */
    giveUp?: (payload: EventPayload<K>) => Promise<void>
  }
}[EventKind]

type Options = StoreOptions & {
  begin: Tracing['begin']
  metrics: QueueMetrics
  /** Milliseconds that a try of a job, or of a schedule, may take. */
  limits: { job: number; schedule: number }
}
/** `cron` in UTC. */
type Planned = { name: string; cron: string }
type WorkOptions = {
  /** Jobs of each queue that this process does at once. */
  concurrency: Record<QueueName, number>
  /** Jobs of a queue that all processes together begin in a second. */
  perSecond?: Partial<Record<QueueName, number | undefined>>
  /** A job has failed for the last time. */
  onDead: (event: Told, error: Error) => Promise<void>
  onFailed: (event: Told, kind: string, error: Error) => void
}

const names: QueueName[] = ['events', 'mail']
/** All queues that there are. */
export const queueNames = [...names, 'schedules']

export function openQueues(handlers: Handler[], { begin, metrics, limits, ...settings }: Options) {
  const { onError } = settings
  const byKind = new Map<string, Handler>(handlers.map((handler) => [handler.kind, handler]))
  const { openQueue, openWorker, disconnect, ...store } = openQueueStore(settings)
  const queues = new Map(names.map((name) => [name, openQueue(name)]))
  metrics.watch(queues)
  const consumption = createConsumption(queues)
  const timetables: Queue[] = []
  const workers: Worker[] = []
  const underWay = new Set<Promise<void>>()

  return {
    ...store,
    publish,
    work,
    schedule,
    forget,
    keepTrying: consumption.keepTrying,
    consumes: consumption.check,
    close,
  }

  /** Adds the event's job. `again` replaces one that ended without effect; one that still waits stays as it is. */
  async function publish(event: Told & Message, again = false): Promise<void> {
    // An event that nobody handles goes through the queue too, and ends as a dead letter.
    const { queue: name = 'events', rank = 0 } = byKind.get(event.kind) ?? {}
    const about = aboutOf(name, event, 'send')
    await inUnit(begin({ name: `send ${name}`, kind: SpanKind.PRODUCER, parent: event.traceparent }), about, () =>
      add(queues.get(name), event, rank, again),
    )
  }

  async function add(queue: Queue | undefined, event: Told & Message, rank: number, again: boolean): Promise<void> {
    const { id, kind, payload, requestId } = event
    await soon(queue?.waitUntilReady())
    if (again) await removeEnded(await queue?.getJob(id))
    const message: Message = { kind, payload, requestId, traceparent: traceparent() }
    await queue?.add(kind, message, { jobId: id, priority: rank })
  }

  /** Starts to work on what waits. */
  async function work({ concurrency, perSecond = {}, onDead, onFailed }: WorkOptions): Promise<void> {
    for (const name of names) {
      const attempt = async (job: Job<Message>, token?: string) => {
        const event = { id: job.id ?? '', requestId: job.data.requestId }
        const end = metrics.begin(name, job)
        try {
          await inTime(limits.job, () => handle(event, job.data))
          end('success')
        } catch (error) {
          end(error instanceof Unavailable ? 'delayed' : 'failure')
          onFailed(event, job.data.kind, error as Error)
          if (!(error instanceof Unavailable)) throw error
          // Nothing was called: it waits, and that is no try.
          await job.moveToDelayed(Date.now() + error.wait * 1000, token)
          throw new DelayedError()
        }
      }
      const process = async (job: Job<Message>, token?: string) => {
        consumption.began(name)
        if (consumption.isTrial(job)) return
        const unit = begin({ name: `process ${name}`, kind: SpanKind.CONSUMER, parent: job.data.traceparent })
        const about = aboutOf(name, { ...job.data, id: job.id ?? '' }, 'process')
        const done = inUnit(unit, about, () => attempt(job, token))
        underWay.add(done)
        return done.finally(() => underWay.delete(done))
      }
      const worker = openWorker(name, process, concurrency[name], perSecond[name])
      workers.push(worker)
      // BullMQ alone knows which failure is the last: it counts tries and stalls, and sets the time of the end.
      worker.on('failed', (job, error) => {
        if (!job?.finishedOn || consumption.isTrial(job)) return
        metrics.died(name)
        const lost = { id: job.id ?? '', requestId: job.data.requestId }
        const unit = begin({ name: `give up ${name}`, kind: SpanKind.CONSUMER, parent: job.data.traceparent })
        inUnit(unit, aboutOf(name, { ...job.data, ...lost }, 'settle'), async () => {
          await onDead(lost, error)
          await giveUp(job.data)
        }).catch(onError)
      })
    }
    await Promise.all(workers.map((worker) => worker.waitUntilReady()))
  }

  /**
   * Fires each of the list at its times, by one of all workers, and tries again what fails. `keep` puts back what the queue has
   * lost, and takes out what is not in the list: call it now and then. Times at which nobody worked are passed over.
   */
  async function schedule(list: Planned[], fire: (name: string, due: Date) => Promise<void>) {
    const queue = openQueue('schedules')
    timetables.push(queue)
    const process = (job: Job) => {
      const unit = begin({ name: 'process schedules', kind: SpanKind.CONSUMER })
      const due = new Date(job.opts.prevMillis ?? job.timestamp)
      const done = inUnit(unit, { 'seaworthy.schedule': job.name }, () =>
        inTime(limits.schedule, () => fire(job.name, due)),
      )
      underWay.add(done)
      return done.finally(() => underWay.delete(done))
    }
    const worker = openWorker('schedules', process, list.length)
    workers.push(worker)
    await worker.waitUntilReady()
    return { keep }

    async function keep(): Promise<void> {
      await soon(queue.waitUntilReady())
      for (const { key } of await queue.getJobSchedulers())
        if (!list.some(({ name }) => name === key)) await queue.removeJobScheduler(key)
      for (const { name, cron } of list) if (!(await isKept(name, cron))) await put(name, cron)
    }

    /** Two workers that put the same time at once: PostgreSQL refuses one of them, and the other has done it. */
    async function put(name: string, cron: string): Promise<void> {
      await queue.upsertJobScheduler(name, { pattern: cron, tz: 'UTC' }, { name }).catch(async (error) => {
        if (!(await isKept(name, cron))) throw error
      })
    }

    /** One that stands as it should is left alone: to put it again would pass over what is due just now. */
    async function isKept(name: string, cron: string): Promise<boolean> {
      const found = await queue.getJobScheduler(name)
      if (found?.pattern !== cron || found.next === undefined) return false
      return (await queue.getJob(`repeat:${name}:${found.next}`)) !== undefined
    }
  }

  async function handle(event: Told, { kind, payload }: Message): Promise<void> {
    const handler = byKind.get(kind)
    if (!handler) throw new UnrecoverableError(`Nobody handles events of the kind ${kind}`)
    if (!Value.Check(events[handler.kind], payload)) throw new UnrecoverableError(`The payload is not that of ${kind}`)
    await handler.handle(event, payload as never)
  }

  async function giveUp({ kind, payload }: Message): Promise<void> {
    const handler = byKind.get(kind)
    if (handler && Value.Check(events[handler.kind], payload)) await handler.giveUp?.(payload as never)
  }

  /**
   * Takes out what mentions the word, and what failed, whose errors may quote an address; jobs under way are left alone. What was
   * still to be done is brought back by the outbox, as it is there by now.
   */
  async function forget(word: string): Promise<void> {
    for (const queue of queues.values())
      for (const job of await queue.getJobs(['completed', 'failed', 'waiting', 'delayed', 'prioritized']))
        if (job && (job.failedReason || JSON.stringify(job.data).includes(word))) await job.remove()
  }

  /** Waits for the jobs under way, but not for a store that is away: what it is not told of is done again, without effect. */
  async function close(): Promise<void> {
    const closed = Promise.all(workers.map((worker) => worker.close()))
    await Promise.allSettled(underWay)
    // BullMQ waits for the end of connections that ioredis never ends while their server is away: they are left behind.
    await soon(closed).catch(onError)
    await Promise.all([...queues.values(), ...timetables].map((queue) => queue.close()))
    disconnect()
  }
}

/** Gives up what takes longer: its statements are cancelled, and its place is free for others. */
function inTime<T>(limit: number, work: () => Promise<T>): Promise<T> {
  const givingUp = new AbortController()
  const tooLate = () => new Error(`It took longer than ${limit} ms`)
  return unlessGivenUp(underSignal(givingUp.signal, work), givingUp, limit, tooLate)
}

async function removeEnded(job: Job | undefined): Promise<void> {
  if (job && ((await job.isFailed()) || (await job.isCompleted()))) await job.remove()
}

/** One job's part of its trace. What fails leaves a span whether or not the trace is recorded. */
async function inUnit<T>(unit: Unit, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  let failure: { error: unknown } | undefined
  try {
    return await unit.run(work)
  } catch (error) {
    // To wait is not to fail.
    if (!(error instanceof DelayedError)) failure = { error }
    throw error
  } finally {
    unit.end(failure !== undefined, () => ({ attributes, ...failure }))
  }
}

const aboutOf = (
  queue: string,
  { id, kind, requestId }: Told & { kind: string },
  operation: 'send' | 'process' | 'settle',
) => ({
  'messaging.system': 'bullmq',
  'messaging.operation.type': operation,
  'messaging.operation.name': operation,
  'messaging.destination.name': queue,
  'messaging.message.id': id,
  'seaworthy.event.kind': kind,
  ...(requestId && { 'seaworthy.request.id': requestId }),
})
