// Which request the present work is for, as far as giving it up goes: the work down in db/ stops when its request is given up,
// without every function between having to hand the signal on.
import { AsyncLocalStorage } from 'node:async_hooks'

const signals = new AsyncLocalStorage<AbortSignal | undefined>()

/** Runs work that is given up when the signal is aborted. */
export const underSignal = <T>(signal: AbortSignal, work: () => T): T => signals.run(signal, work)

/** Runs work that others wait for too: it goes on when the request that began it is given up. */
export const forAll = <T>(work: () => T): T => signals.run(undefined, work)

/** Aborted when the present request is given up; its reason is the error to fail with. */
export const currentSignal = () => signals.getStore()
