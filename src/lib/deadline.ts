// Which request or job the present work is for, as far as giving it up goes: the work down in db/ stops when that is given up,
// without every function between having to hand the signal on.
import { AsyncLocalStorage } from 'node:async_hooks'

const signals = new AsyncLocalStorage<AbortSignal | undefined>()

/** Runs work that is given up when the signal is aborted. */
export const underSignal = <T>(signal: AbortSignal, work: () => T): T => signals.run(signal, work)

/** Runs work that others wait for too: it goes on when the request that began it is given up. */
export const forAll = <T>(work: () => T): T => signals.run(undefined, work)

/** What `answer` becomes, unless it is given up before: by whoever aborts `givingUp`, or after `limit` milliseconds with `tooLate`. */
export function unlessGivenUp<T>(
  answer: Promise<T>,
  givingUp: AbortController,
  limit: number,
  tooLate: () => Error,
): Promise<T> {
  const timer = setTimeout(() => givingUp.abort(tooLate()), Math.max(0, limit))
  const givenUp = new Promise<never>((_, reject) => {
    givingUp.signal.addEventListener('abort', () => reject(givingUp.signal.reason), { once: true })
  })
  return Promise.race([answer, givenUp]).finally(() => clearTimeout(timer))
}

/** Aborted when the present request is given up; its reason is the error to fail with. */
export const currentSignal = () => signals.getStore()
