// What the runner says on a terminal.
import { relative } from 'node:path'
import process from 'node:process'
import type { Control } from '../control.ts'
import { type ControlResult, type Report, type SabotageVerdict, statuses } from '../report/report.schemas.ts'
import type { Home } from './home.ts'
import type { Options } from './options.ts'
import type { Finding } from './schedule.ts'

/** The controls that are selected; with --json all that the catalogue says of them. */
export function listControls({ catalogue, list }: Home, options: Options): string {
  const chosen = catalogue.filter((control) => options.selects(control))
  if (options.json) return JSON.stringify(chosen, null, 2)
  const lines = chosen.map(({ id, level, tier, sabotages, holds }) =>
    [id, level.padEnd(6), tier.padEnd(6), `${sabotages.length} sabotages`, holds].join('  '),
  )
  return [...lines, `${chosen.length} of ${list.length} controls`].join('\n')
}

/** What will be done: how much is looked at, and how much of it is broken on purpose. */
export function announcement(controls: readonly Control[], sabotaged: (control: Control) => boolean): string {
  const broken = controls.filter(sabotaged)
  const ways = broken.reduce((sum, { sabotages }) => sum + sabotages.length, 0)
  return `${controls.length} controls are looked at, and ${broken.length} of them broken, in ${ways} ways`
}

/** One line for each control: how far the run is, how it ended, how long it took. */
export function progress({ control, outcome, seconds, sabotages }: Finding, done: number, all: number): string {
  const count = `[${String(done).padStart(String(all).length)}/${all}]`
  const took = seconds + sabotages.reduce((sum, sabotage) => sum + sabotage.seconds, 0)
  const line = `${count} ${control.id.slice(0, 3)}  ${control.id}  ${wordFor(outcome, sabotages).padEnd(9)} ${took.toFixed(1).padStart(6)} s`
  const faults = [
    ...(outcome.kind === 'green'
      ? []
      : [`${outcome.kind}: ${outcome.kind === 'red' ? outcome.detail : outcome.detail.slice(0, 3000)}`]),
    ...sabotages.flatMap(({ name, verdict, reason }) =>
      isFault(verdict) ? [`${verdict}: ${name} (${reason.slice(0, 3000)})`] : [],
    ),
  ]
  return [line, ...faults.map((fault) => `        ${fault}`)].join('\n')
}

const isFault = (verdict: SabotageVerdict) => verdict !== 'proven' && verdict !== 'none'

function wordFor(outcome: Finding['outcome'], sabotages: Finding['sabotages']): string {
  if (outcome.kind === 'lacking') return 'unseen'
  if (outcome.kind !== 'green') return 'RED'
  if (sabotages.some(({ verdict }) => isFault(verdict))) return 'UNPROVEN'
  return sabotages.every(({ verdict }) => verdict === 'proven') ? 'proven' : 'green'
}

/** How the run ended, in a few lines, with every control that speaks against it, and where the report is. */
export function summary(
  { controls, reached, run }: Report,
  findings: readonly Finding[],
  unsound: readonly ControlResult[],
  digest: string,
  options: Options,
): string {
  const counts = statuses.map(
    (status) => [status, controls.filter((control) => control.status === status).length] as const,
  )
  const failing = controls.filter((control) => control.status === 'failing' || unsound.includes(control))
  const lines = [
    `${findings.length} controls were looked at in ${run.seconds} s, of commit ${run.commit.slice(0, 8)}${run.dirty ? ', with changes that are not committed' : ''}`,
    counts.map(([status, count]) => `${count} ${status}`).join(', '),
    ...failing.map(
      ({ id, level, status, reason }) => `FAIL  ${id} (${level}, ${status})  ${reason.split('\n')[0]?.slice(0, 200)}`,
    ),
    `reached: ${reached}`,
    `${relative(process.cwd(), options.report) || '.'}/index.html  sha256 ${digest}`,
  ]
  return lines.join('\n')
}
