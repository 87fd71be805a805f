// Whether this process should be sent traffic, and which degraded modes are in force.
import { forAll } from './deadline.ts'
import type { Metrics } from './metrics.ts'
import { repeat } from './repeat.ts'

export type Check = {
  name: string
  /** The degraded mode in which the service goes on without it. */
  covered?: string
  /** The check of an earlier entry, without which this one can't be asked: where that one fails, this one says nothing. */
  after?: string
  /** Need not have been up once for a start. */
  startsWithout?: true
  /** Milliseconds for which an answer stands, so that whoever is asked is not asked too often. */
  every?: number
  /** One that rejects says why in its message. */
  check: () => Promise<void>
}
/** A check could not ask: where it comes after another, that one's loss is the reason. To be late is the same. */
export class Unasked extends Error {}
export type CheckResult = { name: string; ok: boolean; milliseconds: number; problem?: string }
type Outcome = CheckResult & { unasked?: true }
export type Verdict = {
  status: 'ready' | 'degraded' | 'starting' | 'draining' | 'failing'
  modes: string[]
  checks: CheckResult[]
}
export type Readiness = ReturnType<typeof createReadiness>
/** What an operator may switch on; each is a degraded mode of the same name. */
type Switches = { names: readonly string[]; isOn: (name: string) => boolean }
type Options = { checks: Check[]; timeout: number; switches?: Switches; metrics?: Metrics }

/**
 * A round asks all checks, for at most `timeout` milliseconds in all. What fails before everything was up once is `starting`; later
 * it is `degraded` where all that fails is covered, else `failing`.
 */
export function createReadiness({
  checks: given,
  timeout,
  switches = { names: [], isOn: () => false },
  metrics,
}: Options) {
  const checks = [...given]
  const underWay = new Map<Check, Promise<void>>()
  const standing = new Map<Check, { end: number; result: Outcome }>()
  let present: Promise<{ failing: Check[]; results: CheckResult[] }> | undefined
  let losses: string[] = []
  let wasReady = false
  let draining = false

  metrics?.gauge({
    name: 'seaworthy_degraded_mode',
    help: 'Whether a degraded mode is in force (docs/degraded-modes.md)',
    labelNames: ['mode'],
    collect() {
      const known = [...switches.names, ...checks.flatMap(({ covered }) => covered ?? [])]
      for (const mode of known) this.set({ mode }, modes().includes(mode) ? 1 : 0)
    },
  })

  return { watch, drain, isDraining: () => draining, verdict, modes, isReadOnly, keepAsking }

  /** Adds what only some processes stand on. It has to be up once, too. */
  function watch(check: Check): void {
    checks.push(check)
    wasReady = false
  }

  /** Turns unready for good: traffic should stop before the listener closes. */
  function drain(): void {
    draining = true
  }

  /** Asks in the background once a second, so that `modes` knows; resolves after the first round. */
  function keepAsking() {
    return repeat(round, { every: 1000 })
  }

  /** The degraded modes in force, as the last round found them and as the switches are; asks nobody. */
  function modes(): string[] {
    return [...new Set([...losses, ...switches.names.filter(switches.isOn)])]
  }

  function isReadOnly(): boolean {
    return modes().includes('read-only')
  }

  async function verdict(): Promise<Verdict> {
    const { failing, results } = await round()
    return { status: statusOf(failing), modes: modes(), checks: results }
  }

  function statusOf(failing: Check[]): Verdict['status'] {
    if (draining) return 'draining'
    if (!wasReady) return 'starting'
    if (failing.some(({ covered }) => !covered)) return 'failing'
    return modes().length > 0 ? 'degraded' : 'ready'
  }

  /** Whoever asks during a round gets its outcome: many that ask do not make many questions. */
  function round() {
    present ??= forAll(ask).finally(() => {
      present = undefined
    })
    return present
  }

  async function ask() {
    const asked = [...checks]
    const end = performance.now() + timeout
    const answers = new Map<string, Promise<Outcome | undefined>>()
    for (const check of asked) answers.set(check.name, answerOf(check, answers.get(check.after ?? ''), end))
    const results = await Promise.all(answers.values())
    const before = ({ after }: Check) => asked.find(({ name }) => name === after)
    const failing = asked.flatMap((check, at) => {
      const { ok = true, unasked = false } = results[at] ?? {}
      return ok ? [] : [(unasked && before(check)) || check]
    })
    losses = failing.flatMap(({ covered }) => covered ?? [])
    if (asked.length === checks.length) wasReady ||= failing.every(({ startsWithout }) => startsWithout)
    return { failing, results: results.flatMap((result) => (result ? [shown(result)] : [])) }
  }

  /** Undefined where the check before it fails. */
  async function answerOf(check: Check, before: Promise<Outcome | undefined> | undefined, end: number) {
    const first = await before
    if (before && !first?.ok) return undefined
    const last = standing.get(check)
    if (last && performance.now() < last.end) return last.result
    const result = await resultOf(check.name, answer(check), end)
    if (check.every) standing.set(check, { result, end: performance.now() + check.every })
    return result
  }

  /** A check that hangs is not asked again beside itself. */
  function answer(check: Check): Promise<void> {
    const asked = underWay.get(check) ?? (async () => check.check())()
    const forget = () => underWay.delete(check)
    if (!underWay.has(check)) asked.then(forget, forget)
    underWay.set(check, asked)
    return asked
  }

  async function resultOf(name: string, answered: Promise<void>, end: number): Promise<Outcome> {
    const start = performance.now()
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Unasked(`no answer within ${timeout} ms`)), end - start)
    })
    const took = () => Math.round(performance.now() - start)
    try {
      await Promise.race([answered, tooLong])
      return { name, ok: true, milliseconds: took() }
    } catch (error) {
      const failed = { name, ok: false, milliseconds: took(), problem: (error as Error).message || 'failed' }
      return error instanceof Unasked ? { ...failed, unasked: true } : failed
    } finally {
      clearTimeout(timer)
    }
  }
}

const shown = ({ unasked: _, ...result }: Outcome): CheckResult => result
