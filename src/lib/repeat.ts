// Work that is done again and again for as long as the process runs.

type Options = {
  /** Milliseconds between the end of one turn and the start of the next. */
  every: number
  /** A turn has rejected; the next one comes all the same. */
  onError?: (error: unknown) => void
}

/** Resolves when the first turn has ended. `close` starts no more, and does not wait for the one under way. */
export async function repeat(work: () => Promise<unknown>, { every, onError = () => {} }: Options) {
  let closed = false
  let timer: NodeJS.Timeout | undefined
  const turn = async () => {
    await work().catch(onError)
    if (!closed) timer = setTimeout(turn, every)
  }
  await turn()
  return {
    async close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
