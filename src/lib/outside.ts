// The way to everything that is outside: a breaker for each dependency, a bound on the calls at once, and retries where a call says
// that repeating it is safe. How long one call may take is its client's matter (docs/timeouts.md).
import {
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
} from 'cockatiel'
import { AppError } from './errors.ts'
import type { Metrics } from './metrics.ts'

/** `half-open`: the time is over, and the next call is the trial. */
type BreakerState = 'closed' | 'half-open' | 'open'
/** `failures` are those in a row; times are milliseconds since 1970. */
export type Breaker = { name: string; state: BreakerState; failures: number; openedAt: number | undefined }
export type Outside = ReturnType<typeof createOutside>
/** The way that calls take, for a client that need not know what is around them. */
export type Run = <T>(work: () => Promise<T>) => Promise<T>
export const unguarded: Run = (work) => work()

/** No call was made: the breaker is open, or too many are under way. `wait` is in seconds. */
export class Unavailable extends AppError {
  readonly wait: number
  constructor(code: string, wait: number) {
    const headers = { 'retry-after': String(wait) }
    super(503, code, 'What this needs from elsewhere is not available just now', { headers })
    this.wait = wait
  }
}

type Settings = {
  /** Of the error while nothing is called. */
  code: string
  /** Calls at once; one more is refused. */
  atOnce: number
  /** Whether an error tells that the dependency is in trouble; all do, unless it is said. */
  failed?: (error: unknown) => boolean
  /** For calls that say that they are repeatable: which errors are worth it, and milliseconds after which no further try begins. */
  again?: { when: (error: unknown) => boolean; within: number }
}

/** Tries after the first, and milliseconds before them at the least and the most; each wait is about twice the one before, with jitter. */
const [retries, firstWait, longestWait] = [2, 100, 2000]
const numbers: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 }

/** `failures` in a row open a breaker for `openFor` milliseconds; then one call is the trial. Each process counts for itself. */
export function createOutside({ metrics, failures, openFor }: { metrics: Metrics; failures: number; openFor: number }) {
  const made = new Map<string, { look: () => Breaker; reset: () => void }>()
  metrics.gauge({
    name: 'seaworthy_breaker_state',
    help: 'Of each outside dependency: 0 closed, 1 half-open, 2 open',
    labelNames: ['name'],
    collect() {
      for (const { name, state } of list()) this.set({ name }, numbers[state])
    },
  })
  const transitions = metrics.counter({
    name: 'seaworthy_breaker_transitions_total',
    help: 'Changes of a breaker, by the state that followed',
    labelNames: ['name', 'to'],
  })

  return {
    guard,
    list,
    /** Closes a breaker and forgets its failures. False where there is none of that name. */
    reset(name: string): boolean {
      made.get(name)?.reset()
      return made.has(name)
    },
  }

  function list(): Breaker[] {
    return [...made.values()].map(({ look }) => look())
  }

  function guard(name: string, { code, atOnce, failed = () => true, again }: Settings) {
    const row = new ConsecutiveBreaker(failures)
    const breaker = circuitBreaker(handleWhen(failed), { halfOpenAfter: openFor, breaker: row })
    const places = bulkhead(atOnce)
    const repeats = retry(
      handleWhen((error) => Boolean(again?.when(error)) && !isOpen()),
      { maxAttempts: retries, backoff: new ExponentialBackoff({ initialDelay: firstWait, maxDelay: longestWait }) },
    )
    let openedAt: number | undefined
    breaker.onStateChange((state) => {
      // A reset goes by way of this one.
      if (state === CircuitState.Isolated) return
      if (state === CircuitState.Open) openedAt = Date.now()
      if (state === CircuitState.Closed) openedAt = undefined
      transitions.inc({ name, to: look().state })
    })
    made.set(name, { look, reset })

    return { run, isOpen, refuseWhileOpen, reset }

    function look(): Breaker {
      const state = openedAt === undefined ? 'closed' : Date.now() < openedAt + openFor ? 'open' : 'half-open'
      return { name, state, failures: row.state, openedAt }
    }

    /** No call would be made: it is open, or its trial is under way. */
    function isOpen(): boolean {
      return look().state === 'open' || breaker.state === CircuitState.HalfOpen
    }

    /** For whoever would rather begin nothing. */
    function refuseWhileOpen(): void {
      if (isOpen()) throw unavailable()
    }

    function reset(): void {
      row.success()
      if (breaker.state !== CircuitState.Closed) breaker.isolate().dispose()
    }

    /**
     * Does the work, or rejects with Unavailable, which is 503 with Retry-After. `repeatable`: repeating it has no second effect.
     */
    async function run<T>(work: () => Promise<T>, { repeatable = false } = {}): Promise<T> {
      let before: unknown
      const attempt = async () => {
        // What an earlier try left behind must be told: it is not as if no call had been made.
        if (isOpen()) throw before ?? unavailable()
        try {
          return await breaker.execute(work)
        } catch (error) {
          before = error
          throw error
        }
      }
      try {
        // What is refused counts as a failure too: while a breaker is open there are no other calls that an alert could go by.
        return await metrics.timed(name, () =>
          places.execute(() =>
            repeatable && again ? repeats.execute(attempt, AbortSignal.timeout(again.within)) : attempt(),
          ),
        )
      } catch (error) {
        throw error instanceof BulkheadRejectedError ? unavailable() : error
      }
    }

    function unavailable(): Unavailable {
      const wait = openedAt === undefined ? 0 : openedAt + openFor - Date.now()
      return new Unavailable(code, Math.max(1, Math.ceil(wait / 1000)))
    }
  }
}
