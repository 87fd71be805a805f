// What the sandbox does wrong on request.
const [kinds, ways] = [
  ['charge', 'refund', 'payout', 'read'] as const,
  ['fail', 'decline', 'throttle', 'slow', 'hang', 'drop'] as const,
]
export type CallKind = (typeof kinds)[number]
/**
 * For the next `times` calls of a kind, or of any: `fail` answers 500 and `throttle` 429 without doing anything, `decline` refuses a
 * charge as the bank of a card does, `slow` takes `ms` longer, `hang` never answers, and `drop` does the work and cuts the connection.
 * With `after` slow and hang come when the work is done. With `chance` (0 to 1) only some of the calls have it.
 */
export type Fault = {
  do: (typeof ways)[number]
  on?: CallKind | undefined
  times?: number
  ms?: number
  after?: boolean
  chance?: number
}

export function createFaults(random: () => number = Math.random) {
  let waiting: (Fault & { left: number })[] = []

  return {
    /** Throws for one that is none. */
    add(fault: Fault): void {
      const { on, times = 1 } = fault
      if (!ways.includes(fault.do) || (on && !kinds.includes(on)) || !(times >= 1))
        throw new Error(
          `A fault has do: ${ways.join(', ')}, and may have on: ${kinds.join(', ')}, times, ms, after, chance`,
        )
      waiting.push({ ...fault, left: times })
    },
    clear() {
      waiting = []
    },
    list: () => waiting.map((fault) => ({ ...fault })),
    /** The fault that this call has. */
    take(kind: CallKind): Fault | undefined {
      const found = waiting.find(({ on, chance = 1 }) => (!on || on === kind) && random() < chance)
      if (!found) return undefined
      found.left -= 1
      waiting = waiting.filter(({ left }) => left > 0)
      return found
    },
  }
}
