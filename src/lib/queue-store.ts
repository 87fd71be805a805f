// Where jobs are kept: BullMQ on Redis, or on PostgreSQL in embedded mode. The two differ in their connections only.
import { setTimeout as delay } from 'node:timers/promises'
import { createPostgresBackend, type Job, Queue, Worker, withBackend } from 'bullmq'
import { type Look, lookAtEach } from './queue-redis.ts'
import { connectTo, type Redis } from './redis.ts'

export type StoreOptions = {
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

/** Milliseconds that whoever adds a job waits at most for a connection, and for an answer. */
const patience = 2000
/** Milliseconds of silence after which a worker's connection is given up: BullMQ lets a command wait for up to ten seconds. */
const silence = 12_000
const onRedis = { Queue, Worker }

export function openQueueStore({ store, prefix, attempts, backoff, lock, onError }: StoreOptions) {
  const connections: Redis[] = []
  let forgotten = false
  const onPostgres = () => withBackend(createPostgresBackend) as unknown as typeof onRedis
  const classes = 'redis' in store ? onRedis : onPostgres()
  const retries = { attempts, backoff: { type: 'exponential', delay: backoff, jitter: 0.5 } }
  // Some that ended are kept, to look at. Dead letters are rows of the outbox, where nothing evicts them.
  const kept = { count: 1000 }
  const defaultJobOptions = { ...retries, removeOnComplete: kept, removeOnFail: kept }

  return {
    openQueue,
    openWorker,
    ping,
    info,
    hasForgotten,
    watch,
    disconnect: () => {
      for (const connection of connections) connection.disconnect()
    },
  }

  function openQueue(name: string): Queue {
    return watched(new classes.Queue(name, { prefix, connection: connect(false), defaultJobOptions } as never))
  }

  /** `perSecond`: jobs that all workers of the queue together begin in a second. */
  function openWorker<T>(
    name: string,
    process: (job: Job<T>) => Promise<void>,
    concurrency: number,
    perSecond?: number,
  ): Worker {
    const settings = {
      prefix,
      connection: connect(true),
      concurrency,
      ...(perSecond && { limiter: { max: perSecond, duration: 1000 } }),
      lockDuration: lock,
      stalledInterval: lock,
      // A job that takes its worker down with it is given up, too.
      maxStalledCount: 5,
    }
    return watched(new classes.Worker(name, process as never, settings as never) as unknown as Worker)
  }

  /**
   * Rejects when Redis does not answer, or takes no writes. What it leaves there is gone when Redis has lost its memory. In embedded mode
   * the database is asked by a check of its own.
   */
  async function ping(): Promise<void> {
    const left = connections[0]?.set(`${prefix}:remembers`, '1', 'NX')
    if ((await left?.catch(() => Promise.reject(new Error('out of reach')))) === 'OK') forgotten = true
  }

  /** Whether what `ping` left was gone since the last time that this was asked: jobs and schedules are gone with it. */
  function hasForgotten(): boolean {
    const answer = forgotten
    forgotten = false
    return answer
  }

  /** Tells of the server behind each connection that is made: the first, and those after a loss. Of nothing in embedded mode. */
  function watch(onLook: (look: Look) => void): boolean {
    if (connections[0]) lookAtEach(connections[0], { onLook, onError })
    return connections.length > 0
  }

  /** What Redis says of itself (INFO); undefined in embedded mode. */
  async function info(): Promise<string | undefined> {
    return connections[0]?.info('memory', 'clients', 'stats')
  }

  function watched<T extends { on(event: 'error', listener: (error: Error) => void): unknown }>(part: T): T {
    part.on('error', onError)
    return part
  }

  /** A worker waits for its Redis as long as it takes; whoever adds a job must know soon that it can't. */
  function connect(patient: boolean) {
    if ('postgres' in store) return { connectionString: store.postgres, schema: 'bullmq', migrate: true, max: 4 }
    const hasty = { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: patience }
    const redis = connectTo(store.redis, {
      connectTimeout: patience,
      ...(patient ? { maxRetriesPerRequest: null, socketTimeout: silence } : hasty),
    })
    redis.on('error', onError)
    connections.push(redis)
    return redis
  }
}

/** BullMQ waits without a limit for its first connection, before the limits of commands hold, and for its last words. */
export async function soon(answer: Promise<unknown> | undefined): Promise<void> {
  const waiting = new AbortController()
  const late = delay(patience, undefined, waiting).then(() => Promise.reject(new Error('The queue is out of reach')))
  await Promise.race([answer, late]).finally(() => waiting.abort())
}
