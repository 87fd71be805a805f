// The verdicts. Only a probe that turns red for the declared reason is a detection: a crash, an edit that can't be made and a stack
// that does not come up are none.
import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../context/context.ts'
import { applyEdits, NotApplied } from '../context/edits.ts'
import { Lacking, Red } from '../context/red.ts'
import { type Need, StackError } from '../context/stack.ts'
import type { Control, Evidence, Sabotage, StateChange } from '../control.ts'
import type { SabotageVerdict } from '../report/report.schemas.ts'
import type { Bench, Variation } from './bench.ts'

export type Outcome =
  | { kind: 'green'; evidence: Evidence }
  | { kind: 'red'; reason: string; detail: string }
  | { kind: 'crash'; detail: string }
  | { kind: 'no-stack'; detail: string }
  | { kind: 'lacking'; need: Need; detail: string }
export type Verdict = { verdict: SabotageVerdict; reason: string }

/** Milliseconds that a look may take, with the coming and going of its stack; breaking a state, with two looks, three times as long. */
const patience = { fast: 180_000, slow: 3_600_000, docker: 1_800_000 }

/** Runs the probe on a stack, as it is or varied. */
export function probe(control: Control, bench: Bench, variation: Variation = {}): Promise<Outcome> {
  const look = bench.withStack(control, variation, (context) => outcomeOf(control.probe(context)))
  return inTime(look, patience[control.tier]).catch((error: Error) => {
    return { kind: error instanceof StackError ? 'no-stack' : 'crash', detail: error.message }
  })
}

/** What hangs is given up, and what it left behind ends with the run. */
function inTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  const over = new AbortController()
  const tooLong = delay(milliseconds, undefined, { signal: over.signal }).then(() =>
    Promise.reject(new Error(`it took longer than ${milliseconds / 1000} s`)),
  )
  return Promise.race([work, tooLong]).finally(() => over.abort())
}

/** What a probe's promise says: an error that is not Red is the harness's own, and says nothing of the control. */
export function outcomeOf(seen: Promise<Evidence>): Promise<Outcome> {
  return seen.then(
    (evidence): Outcome => ({ kind: 'green', evidence }),
    (error: Error): Outcome => {
      if (error instanceof Red) return { kind: 'red', reason: error.reason, detail: error.message }
      if (error instanceof Lacking) return { kind: 'lacking', need: error.need, detail: error.message }
      return { kind: 'crash', detail: error.stack ?? error.message }
    },
  )
}

/** Breaks the control, asks its probe, and mends it again. The probe was green before. */
export async function trySabotage(control: Control, sabotage: Sabotage, bench: Bench): Promise<Verdict> {
  try {
    if (sabotage.kind === 'source') return await trySource(control, sabotage, bench)
    if (sabotage.kind === 'config') return await tryConfig(control, sabotage, bench)
    const attempt = bench.withStack(control, {}, (context, renew) => tryState(control, sabotage, context, renew, bench))
    return await inTime(attempt, 3 * patience[control.tier])
  } catch (error) {
    if (error instanceof NotApplied) return { verdict: 'not-applied', reason: error.message }
    if (error instanceof StackError)
      return { verdict: 'not-applied', reason: `the stack did not start: ${error.message}` }
    return { verdict: 'wrong-reason', reason: `crash: ${(error as Error).stack}` }
  }
}

async function trySource(control: Control, { edits, red }: Sabotage & { kind: 'source' }, bench: Bench) {
  const tree = bench.copy()
  const edit = applyEdits(tree, edits)
  let broken: Outcome
  try {
    broken = await probe(control, bench, { tree })
  } finally {
    edit.undo()
  }
  if (!edit.undone()) return undoFailed('the files are not as they were')
  // The shared stack runs the very same files: only a control that asks for a stack of its own needs another one.
  return judge(broken, red) ?? again(await probe(control, bench, control.own ? { tree } : {}), red)
}

async function tryConfig(control: Control, { env, red }: Sabotage & { kind: 'config' }, bench: Bench) {
  for (const name of Object.keys(env)) if (!bench.variables().has(name)) throw new NotApplied(`nothing reads ${name}`)
  return judge(await probe(control, bench, { env }), red) ?? again(await probe(control, bench), red)
}

async function tryState(
  control: Control,
  { change, red }: Sabotage & { kind: 'state' },
  context: Context,
  renew: () => Context,
  bench: Bench,
): Promise<Verdict> {
  const look = async () => JSON.stringify(await change.look(context))
  const before = await look()
  let broken: Outcome
  let undone: string
  try {
    await change.apply(context)
    if ((await look()) === before) throw new NotApplied('the state is as it was before')
    broken = await probeAnew(control, renew)
  } finally {
    undone = await undo(change, context, look)
    if (undone !== before) bench.discardShared()
  }
  if (undone !== before) return undoFailed(`the state is ${undone}, and was ${before}`)
  return judge(broken, red) ?? again(await probeAnew(control, renew), red)
}

/** The state after the undo, or why there is none. */
async function undo(change: StateChange, context: Context, look: () => Promise<string>): Promise<string> {
  try {
    await change.undo(context)
    return await look()
  } catch (error) {
    return `unknown (${(error as Error).message})`
  }
}

/** With a context of its own on the same stack, as every run of a probe has. */
async function probeAnew(control: Control, renew: () => Context): Promise<Outcome> {
  const context = renew()
  const look = outcomeOf(control.probe(context)).finally(() => context.close())
  return inTime(look, patience[control.tier]).catch((error: Error) => ({ kind: 'crash', detail: error.message }))
}

/** What a broken control's outcome says; undefined for a detection, which still has to turn green again. */
function judge(outcome: Outcome, expected: string): Verdict | undefined {
  if (outcome.kind === 'green') return { verdict: 'survived', reason: 'the probe stayed green' }
  if (outcome.kind === 'no-stack')
    return { verdict: 'not-applied', reason: `the stack did not start: ${outcome.detail}` }
  if (outcome.kind === 'lacking') return { verdict: 'not-applied', reason: `nobody could look: ${outcome.detail}` }
  if (outcome.kind === 'crash') return { verdict: 'wrong-reason', reason: `crash: ${outcome.detail}` }
  if (outcome.reason !== expected) return { verdict: 'wrong-reason', reason: outcome.detail }
  return undefined
}

function again(outcome: Outcome, expected: string): Verdict {
  if (outcome.kind === 'green') return { verdict: 'proven', reason: expected }
  return undoFailed(`the probe did not turn green again: ${outcome.detail}`)
}

const undoFailed = (reason: string): Verdict => ({ verdict: 'undo-failed', reason })
