// What the exit code says of a run.
import type { Control } from '../control.ts'
import type { ControlResult, Report } from '../report/report.schemas.ts'
import type { Options } from './options.ts'
import type { Finding } from './schedule.ts'

/**
 * 0 when every must of the selection holds: its probe is green and, with --sabotage, its sabotages are proven. A must that could not
 * be looked at and may not be left out, and a should, count too where they fail: the first as a failure, the second not.
 */
export function exitCode(
  { controls }: Report,
  findings: readonly Finding[],
  selection: readonly Control[],
  options: Pick<Options, 'sabotage' | 'target'>,
): 0 | 1 {
  const selected = new Set(selection.map(({ id }) => id as string))
  const examined = new Set(findings.map(({ control }) => control.id as string))
  const unsound = controls.filter(
    (control) => control.level === 'must' && selected.has(control.id) && !holds(control, examined, options),
  )
  if (findings.length === 0) return 1
  return unsound.length > 0 ? 1 : 0
}

function holds(
  control: ControlResult,
  examined: ReadonlySet<string>,
  { sabotage, target }: Pick<Options, 'sabotage' | 'target'>,
) {
  if (['verified', 'waived'].includes(control.status)) return true
  if (control.status === 'claimed') return !sabotage || !examined.has(control.id)
  // A target answers only the controls that can be looked at from outside.
  if (control.status === 'not-verified') return target !== undefined || isExcused(control)
  return false
}

/** What this machine lacks, and may. */
const isExcused = ({ status, reason }: ControlResult) =>
  status === 'not-verified' && reason.startsWith('this machine lacks') && !reason.includes('does not allow')
