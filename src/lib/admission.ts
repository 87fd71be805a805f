// Places for work that is done at once, and a short queue in front of them. What finds neither is refused while refusing is cheap:
// work that waits longer than its callers do is done for nobody, and delays the rest.

type Options = {
  concurrent: number
  waiting: number
  /** Milliseconds. */
  wait: number
  /** Whether so many wait already for what most work needs (a connection to the database) that one more had better wait here. */
  isBusy?: () => boolean
}

/** There was no room to wait, something more important took its place in the queue, or no place came free in time. */
export type Refusal = 'queue-full' | 'gave-way' | 'waited-too-long'

/** `refusal` resolves when it is decided: undefined lets it in. `leave` gives the place back, once, however often it is called. */
export type Turn = { refusal: Promise<Refusal | undefined>; leave: () => void }

type Entry = {
  rank: number
  at: 'queue' | 'work' | 'out'
  decide: (refusal?: Refusal) => void
  timer?: NodeJS.Timeout
}

export function createAdmission({ concurrent, waiting, wait, isBusy = () => false }: Options) {
  // In the order in which they will be let in: by rank, then as they came.
  const queue: Entry[] = []
  let working = 0

  return { enter, hasRoom, working: () => working, waiting: () => queue.length }

  /** Asks for a place: the higher the rank, the sooner. */
  function enter(rank: number): Turn {
    const { promise: refusal, resolve: decide } = Promise.withResolvers<Refusal | undefined>()
    const entry: Entry = { rank, at: 'out', decide }
    if (hasPlace() && queue.length === 0) admit(entry)
    else if (hasRoom(rank)) {
      lineUp(entry)
      letIn()
    } else decide('queue-full')
    return { refusal, leave: () => leave(entry) }
  }

  /** Whether one of that rank would get a place, or could wait for it. */
  function hasRoom(rank: number): boolean {
    return hasPlace() || queue.length < waiting || (queue.at(-1)?.rank ?? rank) < rank
  }

  /** Where nobody works nobody would leave, and let the next one in. */
  function hasPlace(): boolean {
    return working === 0 || (working < concurrent && !isBusy())
  }

  function admit(entry: Entry): void {
    clearTimeout(entry.timer)
    entry.at = 'work'
    working += 1
    entry.decide()
  }

  function lineUp(entry: Entry): void {
    const last = queue.at(-1)
    if (last && queue.length >= waiting && !hasPlace()) refuse(last, 'gave-way')
    entry.at = 'queue'
    queue.splice(queue.findLastIndex(({ rank }) => rank >= entry.rank) + 1, 0, entry)
    entry.timer = setTimeout(() => refuse(entry, 'waited-too-long'), wait)
  }

  function refuse(entry: Entry, why: Refusal): void {
    unqueue(entry)
    entry.decide(why)
  }

  function unqueue(entry: Entry): void {
    clearTimeout(entry.timer)
    entry.at = 'out'
    queue.splice(queue.indexOf(entry), 1)
  }

  function leave(entry: Entry): void {
    if (entry.at === 'queue') unqueue(entry)
    if (entry.at !== 'work') return
    entry.at = 'out'
    working -= 1
    letIn()
  }

  /** One at a time: what is let in shows as waiting for a connection only a moment later. */
  function letIn(): void {
    const next = hasPlace() ? queue.shift() : undefined
    if (next) admit(next)
  }
}
