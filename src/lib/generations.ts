// Which state of what is cached counts. Each tag has a generation, a random word in Redis that is part of the keys of all that
// carries the tag: a write puts another in its place, so that nothing that was read before it can be found any more, whoever stored
// it, and whenever. A process asks for a generation again after less than a second, so no replica is further behind than that, also
// when nobody could tell it.
import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Redis } from './redis.ts'

export type Generations = ReturnType<typeof createGenerations>

/** Milliseconds for which a process goes by what it knows. With the time that a read takes it is the most that it can be behind. */
const trusted = 750
/** Milliseconds for which nobody asks a Redis that failed. */
const pause = 1000
/** Milliseconds that Redis keeps a generation: longer than anything that is cached under it. */
const kept = 2 * 86_400_000
/** In all keys: another one in its place empties the cache. */
const everything = 'all'
const wellFormed = /^[\w-]{16}$/

type Known = { word: string; until: number }

export function createGenerations({ redis, prefix }: { redis: Redis | undefined; prefix: string }) {
  const known = new LRUCache<string, Known>({ max: 10_000 })
  const asking = new Map<string, Promise<void>>()
  let awayUntil = 0
  let wasAway = false

  return { of, last, renew, isAway: () => wasAway }

  /** The generations of these tags in one word; undefined while Redis can't tell. */
  async function of(tags: readonly string[]): Promise<string | undefined> {
    if (Date.now() < awayUntil) return undefined
    const all = [everything, ...tags]
    const now = Date.now()
    const stale = all.filter((tag) => (known.get(tag)?.until ?? 0) < now)
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
    const words = tags.map((tag) => [tag, newWord()] as const)
    for (const [tag, word] of words) remember(tag, word)
    if (!redis) return
    const pipeline = redis.pipeline()
    for (const [tag, word] of words) pipeline.set(keyOf(tag), word, 'PX', kept)
    await pipeline.exec().then(failIfOneFailed).catch(lost)
    // Once more: someone may have asked just before, and been told the old one.
    for (const [tag, word] of words) remember(tag, word)
  }

  async function isTold(tags: readonly string[]): Promise<boolean> {
    if (!redis) {
      for (const tag of tags) remember(tag, known.get(tag)?.word ?? newWord())
      return true
    }
    const name = tags.join()
    const answer = asking.get(name) ?? ask(redis, tags).finally(() => asking.delete(name))
    asking.set(name, answer)
    return answer.then(
      () => true,
      () => false,
    )
  }

  async function ask(redis: Redis, tags: readonly string[]): Promise<void> {
    try {
      // What was written while Redis was away may be missing there: nothing from before that counts.
      if (wasAway) await redis.set(keyOf(everything), newWord(), 'PX', kept)
      wasAway = false
      const asked = Date.now()
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
    } catch (error) {
      lost()
      throw error
    }
  }

  function remember(tag: string, word: string, asked = Date.now()): void {
    known.set(tag, { word, until: asked + trusted })
  }

  function lost(): void {
    wasAway = true
    awayUntil = Date.now() + pause
  }

  function keyOf(tag: string): string {
    return `${prefix}:generation:${tag}`
  }
}

const newWord = () => randomBytes(12).toString('base64url')

function failIfOneFailed(answers: [Error | null, unknown][] | null): void {
  const error = answers?.find(([failed]) => failed)?.[0]
  if (error) throw error
}
