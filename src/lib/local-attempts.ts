// What lib/attempts.ts counts in Redis, counted by this process alone, for as long as Redis is away.
/** After `free` failures the next try waits `first` milliseconds, then twice as long each time, and `most` at most. */
export type Rule = { free: number; first: number; most: number; clears: boolean }
export type Outcome = 'before' | 'failed' | 'succeeded' | 'undecided'
/**
 * `wait`: milliseconds until the next try is taken, 0 for now. `locked`: this failure was the first after which an account has to
 * wait. `tell`: and nobody was told so within an hour.
 */
export type Asked = { wait: number; locked: boolean; tell: boolean }

type Count = {
  /** Failures, of which the `free` ones leak away within a day. */
  failed: number
  at: number
  until: number
  /** Tries that are being checked, and when the last began. */
  flying: number
  since: number
}

type Options = { rules: readonly Rule[]; hour: number; flight: number; keys?: number; now?: () => number }

/** Of `keys` counts the one that was touched longest ago goes first. Who signed in from where is not known here. */
export function createLocalAttempts({ rules, hour, flight, keys = 30_000, now = Date.now }: Options) {
  const counts = new Map<string, Count>()
  /** When somebody was told last that an account has to wait, by its name. */
  const told = new Map<string, number>()

  return { ask, size: () => counts.size }

  function ask(outcome: Outcome, names: readonly string[]): Asked {
    const at = now()
    const all = rules.map((rule, n) => ({ rule, name: names[n] as string, count: read(names[n] as string, rule, at) }))
    if (outcome === 'before') {
      const wait = Math.max(...all.map(({ rule, count }) => waitOf(count, rule, at)))
      if (wait === 0) for (const { name, count } of all) write(name, { ...count, flying: count.flying + 1, since: at })
      return { wait, locked: false, tell: false }
    }
    let locked = false
    let wait = 0
    for (const { rule, name, count } of all) {
      const landed = { ...count, flying: Math.max(0, count.flying - 1) }
      if (outcome === 'succeeded' && rule.clears) {
        counts.delete(name)
      } else if (outcome === 'failed') {
        const failed = count.failed + 1
        const over = Math.ceil(failed) - rule.free
        const until = over < 0 ? 0 : at + Math.min(rule.most, rule.first * 2 ** over)
        locked ||= over === 0 && rule.clears
        wait = Math.max(wait, until - at, 0)
        write(name, { ...landed, failed, until })
      } else write(name, landed)
    }
    const [account = ''] = names
    const tell = locked && at - (told.get(account) ?? Number.NEGATIVE_INFINITY) >= hour
    if (tell) keep(told, account, at)
    return { wait, locked, tell }
  }

  function read(name: string, { free }: Rule, at: number): Count {
    const seen = counts.get(name) ?? { failed: 0, at, until: 0, flying: 0, since: 0 }
    const failed = Math.max(0, seen.failed - ((at - seen.at) * free) / (24 * hour))
    return { ...seen, failed, at, flying: at - seen.since < flight ? seen.flying : 0 }
  }

  function write(name: string, count: Count): void {
    keep(counts, name, count)
  }

  function keep<T>(map: Map<string, T>, name: string, value: T): void {
    map.delete(name)
    map.set(name, value)
    if (map.size > keys) map.delete(map.keys().next().value as string)
  }
}

function waitOf({ failed, until, flying }: Count, { free }: Rule, at: number): number {
  if (until > at) return until - at
  return flying > 0 && Math.ceil(failed) + flying >= free ? 1000 : 0
}
