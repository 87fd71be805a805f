// Makes the report of a run out of its findings, the list of controls, and what an earlier run of the same commit found.
import { createHash } from 'node:crypto'
import type { Need } from '../context/stack.ts'
import { areas, type Control, type ControlId } from '../control.ts'
import { type Home, mayLack, waiverDaysLeft } from '../runner/home.ts'
import type { Machine } from '../runner/machine.ts'
import { evidenceOf, type Finding } from '../runner/schedule.ts'
import type { ControlResult, Report, SabotageResult, Status } from './report.schemas.ts'

export type Facts = {
  run: Omit<Report['run'], 'machine'>
  machine: Machine
  today: string
}
type Parts = {
  home: Pick<Home, 'catalogue' | 'list' | 'waivers' | 'risks' | 'exemptions'>
  findings: readonly Finding[]
  previous: Report | undefined
}
type Judgement = { status: Status; reason: string }

/** One result for each control of the list, in its order. */
export function makeReport({ home, findings, previous }: Parts, { run, machine, today }: Facts): Report {
  const found = new Map(findings.map((finding) => [finding.control.id, finding]))
  const declared = new Map(home.catalogue.map((control) => [control.id, control]))
  const before = new Map(previous?.controls.map((control) => [control.id, control]))
  const where = run.target === 'local' ? 'local' : new URL(run.target).host
  const same = previous !== undefined && isSameState(previous.run, run)
  const controls = home.list.map((listed): ControlResult => {
    const control = declared.get(listed.id)
    if (!control) return missing(listed)
    const finding = found.get(listed.id)
    const old = before.get(listed.id)
    const result = finding
      ? resultOf(finding, home, same ? old : undefined)
      : unexamined(control, machine, home, same ? old : undefined)
    const stale = !finding && !same && old && previous ? staleness(old, previous) : null
    return waive({ ...result, stale }, waiverDaysLeft(home.waivers, control.id, where, today))
  })
  return {
    schema: 1,
    run: { ...run, machine },
    reached: reached(controls),
    controls,
    waivers: home.waivers,
    risks: home.risks,
    difference: previous ? differenceFrom(previous, controls) : null,
  }
}

/** Only a committed state has a name under which results can be put together. */
function isSameState(before: Report['run'], now: Omit<Report['run'], 'machine'>): boolean {
  return before.commit === now.commit && !before.dirty && !now.dirty && before.target === now.target
}

const facts = ({ id, level, holds, because, code, runbook, plane, tier, lacks = '' }: Control) => {
  return { id, level, area: areaOf(id), holds, because, code: [...code], runbook, plane, tier, lacks }
}

const areaOf = (id: ControlId) => areas[id.slice(0, 3) as keyof typeof areas]
const notRun = { verdict: 'not-run', seconds: 0, at: null } as const
const unnoted = { waiverDaysLeft: null, stale: null }

function resultOf(
  { control, outcome, at, seconds, sabotages }: Finding,
  home: Pick<Home, 'exemptions'>,
  old: ControlResult | undefined,
): ControlResult {
  if (outcome.kind === 'lacking') return unseen(control, `${lack(home, control.id, outcome.need)}: ${outcome.detail}`)
  const kept = sabotages.map((sabotage) => keepVerdict(sabotage, old))
  const verdict = outcome.kind === 'green' ? 'green' : 'red'
  const judgement =
    outcome.kind === 'green' ? judgeSabotages(kept) : { status: 'failing' as const, reason: reasonOf(outcome) }
  const evidence = evidenceOf(outcome)
  return { ...facts(control), ...judgement, evidence, probe: { verdict, seconds, at }, sabotages: kept, ...unnoted }
}

/** A sabotage that was not tried now keeps the verdict of an earlier run of this very commit. */
function keepVerdict(sabotage: SabotageResult, old: ControlResult | undefined): SabotageResult {
  const earlier = old?.sabotages.find(({ name }) => name === sabotage.name)
  return sabotage.verdict === 'none' && earlier ? earlier : sabotage
}

const reasonOf = (outcome: Exclude<Finding['outcome'], { kind: 'green' | 'lacking' }>) =>
  outcome.kind === 'red' ? outcome.detail : `${outcome.kind}: ${outcome.detail.slice(0, 4000)}`

function judgeSabotages(sabotages: readonly SabotageResult[]): Judgement {
  const unproven = sabotages.find(({ verdict }) => verdict !== 'proven' && verdict !== 'none')
  if (unproven) return { status: 'failing', reason: `sabotage ${unproven.verdict}: ${unproven.name}` }
  const untried = sabotages.filter(({ verdict }) => verdict === 'none').length
  if (untried > 0 || sabotages.length === 0)
    return { status: 'claimed', reason: `${untried} of ${sabotages.length} sabotages were not run` }
  return { status: 'verified', reason: '' }
}

function unexamined(
  control: Control,
  { lacks }: Machine,
  home: Pick<Home, 'exemptions'>,
  old: ControlResult | undefined,
): ControlResult {
  if (old) return { ...old, ...facts(control), ...unnoted }
  const lacking = control.needs.find((need) => lacks.includes(need))
  return unseen(control, lacking ? lack(home, control.id, lacking) : `not run: tier ${control.tier}`)
}

const lack = (home: Pick<Home, 'exemptions'>, id: ControlId, need: Need) =>
  `this machine lacks ${need}${mayLack(home, id, need) ? '' : ', and not-verified.json does not allow that'}`

function unseen(control: Control, reason: string): ControlResult {
  return {
    ...facts(control),
    ...{ status: 'not-verified', reason, evidence: {}, probe: notRun, sabotages: [] },
    ...unnoted,
  }
}

function missing({ id, level, holds }: Home['list'][number]): ControlResult {
  const none = { because: '', code: [], runbook: '', plane: 'live', tier: 'fast', lacks: '' } as const
  const state = { status: 'missing', reason: 'no entry in the catalogue yet', evidence: {}, probe: notRun } as const
  return { id, level, area: areaOf(id), holds, ...none, code: [], ...state, sabotages: [], ...unnoted }
}

function staleness({ status, probe }: ControlResult, { run }: Report): ControlResult['stale'] {
  return probe.at === null ? null : { commit: run.commit + (run.dirty ? ' (dirty)' : ''), status, at: probe.at }
}

/** A waived control was run and is shown, with the reason that it has; what holds needs no waiver. */
function waive(result: ControlResult, waiverDaysLeft: number | null): ControlResult {
  if (waiverDaysLeft === null) return result
  return { ...result, waiverDaysLeft, status: result.status === 'verified' ? 'verified' : 'waived' }
}

function reached(controls: readonly ControlResult[]): Report['reached'] {
  const hold = (level: 'must' | 'should') =>
    controls.filter((control) => control.level === level).every(({ status }) => ['verified', 'waived'].includes(status))
  if (controls.length === 0 || !hold('must')) return 'none'
  return hold('should') ? 'all' : 'musts'
}

function differenceFrom({ run, controls: before }: Report, controls: readonly ControlResult[]): Report['difference'] {
  const old = new Map(before.map(({ id, status }) => [id, status]))
  const changed = controls.flatMap(({ id, status }) => {
    const from = old.get(id)
    return from && from !== status ? [{ id, from, to: status }] : []
  })
  return { commit: run.commit, end: run.end, changed }
}

/** The text of report.json, and the digest that is signed: SHA-256 in hex. */
export function sealReport(report: Report): { text: string; digest: string } {
  const text = `${JSON.stringify(report, null, 2)}\n`
  return { text, digest: digestOf(text) }
}

export const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')
