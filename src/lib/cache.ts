// Keeps answers that many ask for: in this process, and in Redis for all replicas, until their time is over or a write changes them.
import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { forAll } from './deadline.ts'
import { AppError } from './errors.ts'
import { createGenerations } from './generations.ts'
import type { Metrics } from './metrics.ts'
import { type Run, unguarded } from './outside.ts'
import type { Redis } from './redis.ts'

/** Seconds. */
export const lifetimes = { short: 60, medium: 300, long: 3600, veryLong: 86_400 }
export type Lifetime = keyof typeof lifetimes

/** Bytes with their entity tag. `at` is when they were read, `until` when they end (milliseconds since 1970). */
export type Kept = { body: Buffer; etag: string; at: number; until: number }
/** `failing`: when to ask the database again, which did not answer the last time. */
type Held = Kept & { failing?: number }
type Loaded = Pick<Kept, 'body' | 'etag'>
/** `stale`: its end is over, and the database is away or slow. `bypass`: the cache is off, or can't know what counts. */
export type Read = Kept & { result: 'hit' | 'miss' | 'stale' | 'bypass' }
type Wanted = { name: string; key: string; tags: readonly string[]; lifetime: Lifetime }
export type Cache = ReturnType<typeof createCache>

type Options = {
  /** None in embedded mode. */
  redis: Redis | undefined
  prefix: string
  isOn: () => boolean
  /** Milliseconds after its end for which an answer may be served while the database is away. */
  grace: number
  /** A count that rises while reads may lack the last writes: what was read meanwhile is not kept. */
  doubts?: () => number
  metrics: Metrics
  /** The way that calls of Redis take. */
  run?: Run
}

/** Bytes that this process keeps, and of one answer at most. */
const [room, largest] = [64 * 1_048_576, 262_144]
/** Milliseconds after which a read is slow: who has something stale gets that. */
const patience = 2000
/** Milliseconds until a database that did not answer is asked again. */
const rest = 1000
/** Milliseconds for which one replica reads for all, and those that the others wait for it. */
const [lead, follow] = [2000, 500]

export function createCache({ redis, prefix, isOn, grace, doubts = () => 0, metrics, run = unguarded }: Options) {
  const generations = createGenerations({ redis, prefix, run })
  const here = new LRUCache<string, Held>({ maxSize: room, sizeCalculation: ({ body }) => body.length + 500 })
  const loading = new Map<string, Promise<Read>>()
  const reads = metrics.counter({
    name: 'seaworthy_cache_reads_total',
    help: 'Reads of the cache, by what was read and how it ended',
    labelNames: ['name', 'result'],
  })

  const seen = { hits: 0, reads: 0 }

  return { read, forget: generations.renew, check, use }

  /** What is kept under the key, or what `load` reads: one at a time for all who want the same. A refusal is nobody's to keep. */
  async function read(wanted: Wanted, load: () => Promise<Loaded>): Promise<Read> {
    const found = await find(wanted, load)
    reads.inc({ name: wanted.name, result: found.result })
    seen.reads += 1
    if (found.result === 'hit') seen.hits += 1
    return found
  }

  /** Reads of this process since it started, and how many of them were hits; null before the first. */
  function use() {
    return { ...seen, hitRatio: seen.reads > 0 ? seen.hits / seen.reads : null }
  }

  async function find({ name, key, tags, lifetime }: Wanted, load: () => Promise<Loaded>): Promise<Read> {
    if (!isOn()) return { ...kept(await load(), 0), result: 'bypass' }
    const generation = await generations.of(tags)
    const known = generation ?? generations.last(tags)
    const at = known ? `${prefix}:cache:${known}:${name}:${key}` : `${name}:${key}`
    const found = here.get(at)
    if (generation && found && Date.now() < found.until) return { ...found, result: 'hit' }
    const get = () => (generation ? loadShared(at, lifetimes[lifetime] * 1000, load) : loadAlone(at, load))
    if (!found?.failing || Date.now() > found.until + grace) return once(at, get)
    // The last try failed: who has something stale need not wait for the next.
    if (Date.now() > found.failing) once(at, get).catch(() => {})
    return { ...found, result: 'stale' }
  }

  /** All who want the same at once wait for the same. */
  function once(at: string, work: () => Promise<Read>): Promise<Read> {
    const underWay = loading.get(at)
    if (underWay) return underWay
    const begun = forAll(work).finally(() => loading.delete(at))
    loading.set(at, begun)
    return begun
  }

  async function loadShared(at: string, lifetime: number, load: () => Promise<Loaded>): Promise<Read> {
    const stale = (await fetch(at)) ?? here.get(at)
    if (stale && Date.now() < stale.until) return { ...keepHere(at, stale), result: 'hit' }
    const other = stale ? undefined : await fromAnotherReplica(at)
    if (other) return { ...keepHere(at, other), result: 'hit' }
    const before = doubts()
    const fresh = load().then(
      (loaded) => (doubts() === before ? keep(at, kept(loaded, lifetime)) : passOn(at, loaded)),
      (error) => letOthersRead(at).then(() => Promise.reject(error)),
    )
    return orStale(at, fresh, stale)
  }

  /** Without Redis nobody can tell what others wrote: each read asks the database, and only when that fails something older counts. */
  async function loadAlone(at: string, load: () => Promise<Loaded>): Promise<Read> {
    const fresh = load().then((loaded): Read => ({ ...kept(loaded, 0), result: 'bypass' }))
    return orStale(at, fresh, here.get(at))
  }

  async function orStale(at: string, fresh: Promise<Read>, stale: Held | undefined): Promise<Read> {
    if (!stale || Date.now() > stale.until + grace) return fresh
    const serveStale = (): Read => ({ ...keepHere(at, { ...stale, failing: Date.now() + rest }), result: 'stale' })
    const waiting = new AbortController()
    const slow = delay(patience, undefined, { signal: waiting.signal }).then(serveStale, () => fresh)
    return Promise.race([fresh, slow])
      .catch((error) => {
        if (error instanceof AppError && error.status < 500) throw error
        return serveStale()
      })
      .finally(() => waiting.abort())
  }

  /** While one replica reads, the others wait for what it finds, though not for long. */
  async function fromAnotherReplica(at: string): Promise<Kept | undefined> {
    if (!redis) return undefined
    const end = Date.now() + follow
    const leads = () => run(() => redis.set(`${at}:reading`, '', 'PX', lead, 'NX')).catch(() => 'OK')
    while ((await leads()) === null && Date.now() < end) {
      await delay(20)
      const found = await fetch(at)
      if (found) return found
    }
    return undefined
  }

  async function keep(at: string, fresh: Kept): Promise<Read> {
    keepHere(at, fresh)
    if (redis && fresh.body.length <= largest) {
      const pipeline = redis.pipeline().set(at, encode(fresh), 'PX', fresh.until - fresh.at + grace)
      await run(() => pipeline.del(`${at}:reading`).exec()).catch(() => {})
    }
    return { ...fresh, result: 'miss' }
  }

  async function passOn(at: string, loaded: Loaded): Promise<Read> {
    await letOthersRead(at)
    return { ...kept(loaded, 0), result: 'bypass' }
  }

  async function letOthersRead(at: string): Promise<void> {
    if (redis) await run(() => redis.del(`${at}:reading`)).catch(() => {})
  }

  function keepHere(at: string, found: Held): Held {
    if (found.body.length <= largest) here.set(at, found, { ttl: Math.max(1, found.until + grace - Date.now()) })
    return found
  }

  async function fetch(at: string): Promise<Kept | undefined> {
    return redis && decode(await run(() => redis.getBuffer(at)).catch(() => null))
  }

  /** Rejects while Redis is away: reads then go to the database. */
  async function check(): Promise<void> {
    if (redis) await run(() => redis.ping()).catch(() => Promise.reject(new Error('Redis is out of reach')))
  }
}

/** With up to a tenth less than its lifetime (milliseconds), so that what was stored together does not end together. */
function kept(loaded: Loaded, lifetime: number): Kept {
  const at = Date.now()
  return { ...loaded, at, until: at + Math.round(lifetime * (1 - Math.random() / 10)) }
}

// A line of JSON, then the bytes as they are sent.
const encode = ({ body, ...about }: Kept) => Buffer.concat([Buffer.from(`${JSON.stringify(about)}\n`), body])

/** Undefined for what this code has not written. */
function decode(bytes: Buffer | null | undefined): Kept | undefined {
  const end = bytes?.indexOf(10) ?? -1
  if (!bytes || end < 0) return undefined
  try {
    const { etag, at, until } = JSON.parse(bytes.toString('utf8', 0, end))
    if (typeof etag !== 'string' || !Number.isFinite(at) || !Number.isFinite(until)) return undefined
    return { etag, at, until, body: bytes.subarray(end + 1) }
  } catch {
    return undefined
  }
}
