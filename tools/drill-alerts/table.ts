// What a drill found, for people.
import { textTable } from '../text-table.ts'

export type Line = {
  alert: string
  severity: string
  by: string
  /** From the beginning of the cause until a receiver had it; undefined where none had it. */
  seconds?: number
  receivers: string[]
  resolved: boolean
  problem?: string
}

const heads = ['alert', 'severity', 'caused by', 'arrived', 'at', 'resolved']

export const textOf = (lines: Line[]): string => textTable([heads, ...lines.map(cellsOf)])

function cellsOf({ alert, severity, by, seconds, receivers, resolved, problem }: Line): string[] {
  if (seconds === undefined) return [alert, severity, by, 'NO', problem ?? '-', '-']
  const end = alert === 'Watchdog' ? 'never' : resolved ? 'yes' : 'not yet'
  return [alert, severity, by, `${seconds.toFixed(1)} s`, receivers.join(', '), end]
}
