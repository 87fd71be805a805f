// The queue kit: BullMQ on Redis, or on PostgreSQL in embedded mode. A job carries one event; its handler has the effect once.
import { setTimeout as delay } from 'node:timers/promises'
import { createPostgresBackend, DelayedError, type Job, Queue, UnrecoverableError, Worker, withBackend } from 'bullmq'
import { Redis } from 'ioredis'
import { Value } from 'typebox/value'
import { type EventKind, type EventPayload, events } from './events.schemas.ts'
import { Unavailable } from './outside.ts'

export type Told = { id: string; requestId: string | null }
type Message = { kind: string; payload: unknown; requestId: string | null }
type QueueName = 'events' | 'mail'

/** What is done about one kind of event, and in which queue it waits. */
export type Handler = {
  [K in EventKind]: {
    queue: QueueName
    kind: K
    handle: (event: Told, payload: EventPayload<K>) => Promise<void>
    /** It has failed for the last time, and whoever waits for it has to know. */
    giveUp?: (payload: EventPayload<K>) => Promise<void>
  }
}[EventKind]

type Options = {
  /** Where jobs are kept: `redis` in all deployments, `postgres` (a login that owns the schema bullmq) in embedded mode. */
  store: { redis: string } | { postgres: string }
  prefix: string
  attempts: number
  /** Milliseconds before the first retry; each later one waits twice as long, less up to half of it at random. */
  backoff: number
  /** Milliseconds after which a job whose worker died is given to another. */
  lock: number
  onError: (error: Error) => void
}
/** `cron` in UTC. */
type Planned = { name: string; cron: string }
type WorkOptions = {
  concurrency: number
  /** A job has failed for the last time. */
  onDead: (event: Told, error: Error) => Promise<void>
  onFailed: (event: Told, kind: string, error: Error) => void
}

/** Milliseconds that whoever adds a job waits at most for a connection, and for an answer. */
const patience = 2000
const onRedis = { Queue, Worker }
const names: QueueName[] = ['events', 'mail']

export function openQueues(handlers: Handler[], { store, prefix, attempts, backoff, lock, onError }: Options) {
  const byKind = new Map<string, Handler>(handlers.map((handler) => [handler.kind, handler]))
  const connections: Redis[] = []
  // The two backends differ in their connections only.
  const onPostgres = () => withBackend(createPostgresBackend) as unknown as typeof onRedis
  const classes = 'redis' in store ? onRedis : onPostgres()
  const retries = { attempts, backoff: { type: 'exponential', delay: backoff, jitter: 0.5 } }
  // Some that ended are kept, to look at. Dead letters are rows of the outbox, where nothing evicts them.
  const kept = { count: 1000 }
  const defaultJobOptions = { ...retries, removeOnComplete: kept, removeOnFail: kept }
  const queues = new Map(
    names.map((name) => [
      name,
      watched(new classes.Queue(name, { prefix, connection: connect(false), defaultJobOptions } as never)),
    ]),
  )
  const timetables: Queue[] = []
  const workers: Worker[] = []
  const underWay = new Set<Promise<void>>()

  return { publish, work, schedule, forget, ping, close }

  /** Adds the event's job. `again` replaces one that ended without effect; one that still waits stays as it is. */
  async function publish({ id, kind, payload, requestId }: Told & Message, again = false): Promise<void> {
    // An event that nobody handles goes through the queue too, and ends as a dead letter.
    const queue = queues.get(byKind.get(kind)?.queue ?? 'events')
    await soon(queue?.waitUntilReady())
    if (again) await removeEnded(await queue?.getJob(id))
    await queue?.add(kind, { kind, payload, requestId } satisfies Message, { jobId: id })
  }

  /** Starts to work on what waits, `concurrency` jobs of each queue at once. */
  async function work({ concurrency, onDead, onFailed }: WorkOptions): Promise<void> {
    for (const name of names) {
      const attempt = async (job: Job<Message>, token?: string) => {
        const event = { id: job.id ?? '', requestId: job.data.requestId }
        try {
          await handle(event, job.data)
        } catch (error) {
          onFailed(event, job.data.kind, error as Error)
          if (!(error instanceof Unavailable)) throw error
          // Nothing was called: it waits, and that is no try.
          await job.moveToDelayed(Date.now() + error.wait * 1000, token)
          throw new DelayedError()
        }
      }
      const process = (job: Job<Message>, token?: string) => {
        const done = attempt(job, token)
        underWay.add(done)
        return done.finally(() => underWay.delete(done))
      }
      const worker = openWorker(name, process, concurrency)
      // BullMQ alone knows which failure is the last: it counts tries and stalls, and sets the time of the end.
      worker.on('failed', (job, error) => {
        if (!job?.finishedOn) return
        const given = onDead({ id: job.id ?? '', requestId: job.data.requestId }, error)
        given.then(() => giveUp(job.data)).catch(onError)
      })
    }
    await Promise.all(workers.map((worker) => worker.waitUntilReady()))
  }

  function openWorker<T>(name: string, process: (job: Job<T>) => Promise<void>, concurrency: number): Worker {
    const settings = {
      prefix,
      connection: connect(true),
      concurrency,
      lockDuration: lock,
      stalledInterval: lock,
      // A job that takes its worker down with it is given up, too.
      maxStalledCount: 5,
    }
    const worker = watched(new classes.Worker(name, process as never, settings as never) as unknown as Worker)
    workers.push(worker)
    return worker
  }

  /**
   * Fires each of the list at its times, by one of all workers, and tries again what fails. `keep` puts back what the queue has
   * lost, and takes out what is not in the list: call it now and then. Times at which nobody worked are passed over.
   */
  async function schedule(list: Planned[], fire: (name: string, due: Date) => Promise<void>) {
    const queue = watched(
      new classes.Queue('schedules', { prefix, connection: connect(false), defaultJobOptions } as never),
    )
    timetables.push(queue)
    const process = (job: Job) => {
      const done = fire(job.name, new Date(job.opts.prevMillis ?? job.timestamp))
      underWay.add(done)
      return done.finally(() => underWay.delete(done))
    }
    await openWorker('schedules', process, list.length).waitUntilReady()
    return { keep }

    async function keep(): Promise<void> {
      await soon(queue.waitUntilReady())
      for (const { key } of await queue.getJobSchedulers())
        if (!list.some(({ name }) => name === key)) await queue.removeJobScheduler(key)
      for (const { name, cron } of list)
        if (!(await isKept(name, cron))) await queue.upsertJobScheduler(name, { pattern: cron, tz: 'UTC' }, { name })
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

  /** Rejects when Redis does not answer. In embedded mode the database is asked by a check of its own. */
  async function ping(): Promise<void> {
    if (connections[0]) await connections[0].ping().catch(() => Promise.reject(new Error('out of reach')))
  }

  /** Waits for the jobs under way, but not for a store that is away: what it is not told of is done again, without effect. */
  async function close(): Promise<void> {
    const closed = Promise.all(workers.map((worker) => worker.close()))
    await Promise.allSettled(underWay)
    // BullMQ waits for the end of connections that ioredis never ends while their server is away: they are left behind.
    await soon(closed).catch(onError)
    await Promise.all([...queues.values(), ...timetables].map((queue) => queue.close()))
    for (const connection of connections) connection.disconnect()
  }

  function watched<T extends { on(event: 'error', listener: (error: Error) => void): unknown }>(part: T): T {
    part.on('error', onError)
    return part
  }

  /** A worker waits for its Redis as long as it takes; whoever adds a job must know soon that it can't. */
  function connect(patient: boolean) {
    if ('postgres' in store) return { connectionString: store.postgres, schema: 'bullmq', migrate: true, max: 4 }
    const hasty = { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: patience }
    const redis = new Redis(store.redis, {
      connectTimeout: patience,
      ...(patient ? { maxRetriesPerRequest: null } : hasty),
    })
    redis.on('error', onError)
    connections.push(redis)
    return redis
  }
}

/** BullMQ waits without a limit for its first connection, before the limits of commands hold, and for its last words. */
async function soon(answer: Promise<unknown> | undefined): Promise<void> {
  const waiting = new AbortController()
  const late = delay(patience, undefined, waiting).then(() => Promise.reject(new Error('The queue is out of reach')))
  await Promise.race([answer, late]).finally(() => waiting.abort())
}

async function removeEnded(job: Job | undefined): Promise<void> {
  if (job && ((await job.isFailed()) || (await job.isCompleted()))) await job.remove()
}
