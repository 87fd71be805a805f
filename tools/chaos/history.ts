// What was written and what was read, and whether each read could be true. A thing has versions, and one writer who makes one after the
// other: a read must show what was answered before it began, or what it says of its own age allows, and nothing that nobody wrote.

/** Milliseconds of one clock: when it was sent, and when its answer came. */
type Span = { begun: number; ended: number }
export type Write = Span & { version: number /** Undefined while nobody knows. */; isMade?: boolean | undefined }
export type Read = Span & {
  of: string
  version: number
  /** Milliseconds that an answer may be older than what was committed when it began. */
  bound: number
}
export type Wrong = { read: Read; least: number; most: number }
export type History = ReturnType<typeof createHistory>

export function createHistory() {
  const writes = new Map<string, Write[]>()
  const reads: Read[] = []

  return { create, write, read, wrong, counts }

  /** There is such a thing from now on, in its first version. */
  function create(of: string, version: number): void {
    writes.set(of, [{ version, begun: Number.NEGATIVE_INFINITY, ended: Number.NEGATIVE_INFINITY, isMade: true }])
  }

  /** Answers it, so that it can be told later what became of it. */
  function write(of: string, made: Write): Write {
    writes.get(of)?.push(made)
    return made
  }

  function read(seen: Read): void {
    reads.push(seen)
  }

  /** Reads that contradict what was committed before they began. */
  function wrong(): Wrong[] {
    return reads.flatMap((read) => {
      const all = writes.get(read.of) ?? []
      const before = all.filter(({ isMade, ended }) => isMade && ended <= read.begun - read.bound)
      const until = all.filter(({ isMade, begun }) => isMade !== false && begun <= read.ended)
      const least = Math.max(...before.map(({ version }) => version))
      const most = Math.max(...until.map(({ version }) => version))
      return read.version < least || read.version > most ? [{ read, least, most }] : []
    })
  }

  function counts() {
    return { writes: [...writes.values()].reduce((sum, one) => sum + one.length - 1, 0), reads: reads.length }
  }
}
