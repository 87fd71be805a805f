// What a drill found, for people.

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

export function textOf(lines: Line[]): string {
  const rows = [heads, ...lines.map(cellsOf)]
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cellsOf({ alert, severity, by, seconds, receivers, resolved, problem }: Line): string[] {
  if (seconds === undefined) return [alert, severity, by, 'NO', problem ?? '-', '-']
  const end = alert === 'Watchdog' ? 'never' : resolved ? 'yes' : 'not yet'
  return [alert, severity, by, `${seconds.toFixed(1)} s`, receivers.join(', '), end]
}
