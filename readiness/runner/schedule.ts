// Runs the probes and sabotages of a selection, side by side where that is safe, and says how each control ended.
import type { Run } from '../context/run.ts'
import type { Control, Evidence, Sabotage } from '../control.ts'
import type { SabotageResult } from '../report/report.schemas.ts'
import { type Bench, createBench } from './bench.ts'
import { type Outcome, probe, trySabotage, type Verdict } from './examine.ts'

/** What was found out about one control in this run. */
export type Finding = {
  control: Control
  outcome: Outcome
  at: string
  seconds: number
  /** Whether its sabotages were asked for: with --since only those of what changed are. */
  sabotaged: boolean
  sabotages: SabotageResult[]
}
type Options = {
  run: Run
  selection: readonly Control[]
  /** Whether its sabotages are tried too. */
  sabotaged: (control: Control) => boolean
  signal: AbortSignal
  onFinding: (finding: Finding, done: number) => void
}

/** Two at a time for what is fast; slow and docker tiers have the machine for themselves. Stops early when aborted. */
export async function examineAll(options: Options): Promise<Finding[]> {
  const findings: Finding[] = []
  const fast = options.selection.filter(({ tier }) => tier === 'fast')
  const rest = options.selection.filter(({ tier }) => tier !== 'fast')
  await examineIn(2, fast, options, findings)
  await examineIn(1, rest, options, findings)
  return findings
}

async function examineIn(slots: number, controls: readonly Control[], options: Options, findings: Finding[]) {
  // Those that need a stack of their own take longest: they come first, so that no slot ends long after the other.
  const waiting = [...controls].sort((a, b) => weight(b) - weight(a))
  const work = async (slot: number) => {
    const bench = createBench(options.run, slot)
    try {
      for (let control = waiting.shift(); control && !options.signal.aborted; control = waiting.shift()) {
        const finding = await examine(control, bench, options)
        findings.push(finding)
        options.onFinding(finding, findings.length)
      }
    } finally {
      await bench.close()
    }
  }
  await Promise.all(Array.from({ length: Math.min(slots, waiting.length) }, (_, slot) => work(slot)))
}

const weight = ({ own, sabotages }: Control) => sabotages.length * (own ? 2 : 1)

async function examine(control: Control, bench: Bench, { sabotaged, signal }: Options) {
  const at = new Date().toISOString()
  const start = performance.now()
  const outcome = await probeTwice(control, bench)
  const seconds = secondsSince(start)
  const asked = sabotaged(control)
  const sabotages: SabotageResult[] = []
  for (const sabotage of control.sabotages) {
    const { name, kind, red: expected } = sabotage
    const about = { name, kind, expected }
    if (outcome.kind !== 'green')
      sabotages.push({ ...about, verdict: 'none', reason: 'the probe is not green', seconds: 0 })
    else if (!asked || signal.aborted) sabotages.push({ ...about, verdict: 'none', reason: 'not run', seconds: 0 })
    else {
      const from = performance.now()
      const verdict = await tryTwice(control, sabotage, bench)
      sabotages.push({ ...about, ...verdict, reason: verdict.reason.slice(0, 4000), seconds: secondsSince(from) })
    }
  }
  return { control, outcome, at, seconds, sabotaged: asked, sabotages } satisfies Finding
}

/** A machine under load can fail a sound probe once. What is red or crashed is looked at once more, and the evidence says so. */
async function probeTwice(control: Control, bench: Bench): Promise<Outcome> {
  const first = await probe(control, bench)
  if (first.kind === 'green') return first
  const second = await probe(control, bench)
  if (second.kind !== 'green') return second
  return { kind: 'green', evidence: { ...second.evidence, firstLook: `${first.kind}: ${first.detail.slice(0, 500)}` } }
}

/** The same for a sabotage, except for one that survived, since a probe that misses it now and then is none, and for one of a
 * state, which may have stayed as it was made. */
async function tryTwice(control: Control, sabotage: Sabotage, bench: Bench): Promise<Verdict> {
  const first = await trySabotage(control, sabotage, bench)
  if (first.verdict === 'proven' || first.verdict === 'survived' || sabotage.kind === 'state') return first
  const second = await trySabotage(control, sabotage, bench)
  return {
    ...second,
    reason: `${second.reason} (second look; the first: ${first.verdict}, ${first.reason.slice(0, 500)})`,
  }
}

const secondsSince = (start: number) => Math.round((performance.now() - start) / 100) / 10

export const evidenceOf = (outcome: Outcome): Evidence => (outcome.kind === 'green' ? outcome.evidence : {})
