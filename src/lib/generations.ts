// Which state of what is cached counts. Each tag has a generation, a random word in Redis that is part of the keys of all that
// carries the tag: a write puts another in its place, so that nothing that was read before it can be found any more, whoever stored
// it, and whenever. A process asks for a generation again after less than a second, so no replica is further behind than that, also
// when nobody could tell it.
import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Run, unguarded } from './outside.ts'
import type { Redis } from './redis.ts'

/** Milliseconds for which a process goes by what it knows. With the time that a read takes it is the most that it can be behind. */
const trusted = 750
/** Milliseconds for which nobody asks a Redis that failed. */
const pause = 500
/** Milliseconds that Redis keeps a generation: longer than anything that is cached under it. */
const kept = 2 * 86_400_000
/** In all keys: another one in its place empties the cache. */
const everything = 'all'
/** Tags that are remembered while Redis can't be told of them; with more than that, all that is cached is dropped. */
const most = 1000
const wellFormed = /^[\w-]{16}$/

/** Before any time of this process's own clock, which goes on evenly also where somebody sets that of the machine. */
const never = Number.NEGATIVE_INFINITY

type Known = { word: string; until: number }

type Options = { redis: Redis | undefined; prefix: string; run?: Run }

/** `run` is the way that questions take. Whoever has written tells it in any case: others would serve what is old. */
export function createGenerations({ redis, prefix, run = unguarded }: Options) {
  const known = new LRUCache<string, Known>({ max: 10_000 })
  const asking = new Map<string, Promise<void>>()
  /** Renewed here, while Redis was away: nothing that it has under them counts. */
  const untold = new Set<string>()
  let awayUntil = 0

  return { of, last, renew }

  /** The generations of these tags in one word; undefined while Redis can't tell. */
  async function of(tags: readonly string[]): Promise<string | undefined> {
    if (performance.now() < awayUntil) return undefined
    const all = [everything, ...tags]
    const now = performance.now()
    const stale = all.filter((tag) => (known.get(tag)?.until ?? never) < now)
    if (stale.length > 0 && !(await isTold(stale))) return undefined
    return last(tags)
  }

  /** The same as far as it was known, however long ago; undefined when it never was. */
  function last(tags: readonly string[]): string | undefined {
    const words = [everything, ...tags].map((tag) => known.get(tag)?.word)
    return words.includes(undefined) ? undefined : words.join('.')
  }

  /** To be called after a write has been committed: what was cached under these tags is gone, here at once. */
  async function renew(tags: readonly string[]): Promise<void> {
    const words = tags.map((tag) => [tag, newWord()] as [string, string])
    for (const [tag, word] of words) remember(tag, word)
    if (!redis) return
    const told = await tell(redis, words).then(
      () => true,
      () => false,
    )
    // Once more: someone may have asked just before, and been told the old one. What Redis was not told of counts for nothing.
    for (const [tag, word] of words) remember(tag, word, told ? performance.now() : never)
    if (told) return
    for (const tag of tags) untold.add(tag)
    awayUntil = performance.now() + pause
  }

  async function isTold(tags: readonly string[]): Promise<boolean> {
    if (!redis) {
      for (const tag of tags) remember(tag, known.get(tag)?.word ?? newWord())
      return true
    }
    const name = tags.join()
    const answer =
      asking.get(name) ??
      run(() => ask(redis, tags))
        .catch(leaveAlone)
        .finally(() => asking.delete(name))
    asking.set(name, answer)
    return answer.then(
      () => true,
      () => false,
    )
  }

  async function ask(redis: Redis, tags: readonly string[]): Promise<void> {
    await tellWhatIsUntold(redis)
    const asked = performance.now()
    const words = tags.map(newWord)
    const pipeline = redis.pipeline()
    for (const [at, tag] of tags.entries()) pipeline.set(keyOf(tag), words[at] ?? '', 'PX', kept, 'NX', 'GET')
    const answers = await pipeline.exec()
    for (const [at, tag] of tags.entries()) {
      const [error, found] = answers?.[at] ?? []
      const word = error ? '' : String(found ?? words[at])
      // What is there but is no generation, someone else has put there.
      if (wellFormed.test(word)) remember(tag, word, asked)
      else await renew([tag])
    }
  }

  function leaveAlone(error: Error): never {
    awayUntil = performance.now() + pause
    throw error
  }

  async function tellWhatIsUntold(redis: Redis): Promise<void> {
    if (untold.size === 0) return
    const tags = untold.size > most ? [everything] : [...untold]
    untold.clear()
    await tell(
      redis,
      tags.map((tag) => [tag, newWord()]),
    ).catch((error) => {
      for (const tag of tags) untold.add(tag)
      throw error
    })
  }

  async function tell(redis: Redis, words: [tag: string, word: string][]): Promise<void> {
    const pipeline = redis.pipeline()
    for (const [tag, word] of words) pipeline.set(keyOf(tag), word, 'PX', kept)
    const failed = (await pipeline.exec())?.find(([error]) => error)
    if (failed) throw failed[0]
  }

  function remember(tag: string, word: string, asked = performance.now()): void {
    known.set(tag, { word, until: asked + trusted })
  }

  function keyOf(tag: string): string {
    return `${prefix}:generation:${tag}`
  }
}

const newWord = () => randomBytes(12).toString('base64url')
