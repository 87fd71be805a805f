// What speaks against a run: the exit code is 1 where anything does, or where nothing was looked at.
import type { Control } from '../control.ts'
import type { ControlResult, Report } from '../report/report.schemas.ts'
import type { Options } from './options.ts'
import type { Finding } from './schedule.ts'

/**
 * The musts of a selection that do not hold. One holds when its probe is green and its sabotages, where they were asked for, are
 * proven. One that could not be looked at counts too, unless it may be left out.
 */
export function unsoundOf(
  { controls }: Report,
  findings: readonly Finding[],
  selection: readonly Control[],
  options: Pick<Options, 'target'>,
): ControlResult[] {
  const selected = new Set(selection.map(({ id }) => id as string))
  const sabotaged = new Set(findings.filter(({ sabotaged }) => sabotaged).map(({ control }) => control.id as string))
  return controls.filter(
    (control) => control.level === 'must' && selected.has(control.id) && !holds(control, sabotaged, options),
  )
}

export const exitCode = (unsound: readonly ControlResult[], findings: readonly Finding[]): 0 | 1 =>
  unsound.length > 0 || findings.length === 0 ? 1 : 0

function holds(control: ControlResult, sabotaged: ReadonlySet<string>, { target }: Pick<Options, 'target'>) {
  if (['verified', 'waived'].includes(control.status)) return true
  if (control.status === 'claimed') return !sabotaged.has(control.id)
  // A target answers only the controls that can be looked at from outside.
  if (control.status === 'not-verified') return target !== undefined || isExcused(control)
  return false
}

/** What this machine lacks, and may. */
const isExcused = ({ status, reason }: ControlResult) =>
  status === 'not-verified' && reason.startsWith('this machine lacks') && !reason.includes('does not allow')
