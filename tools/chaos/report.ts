// What a run has to say, as a table: on the terminal, and as docs/chaos.md.
import { textTable } from '../text-table.ts'
import type { Outcome } from './load.ts'

/** Of one fault: when it began and was over, and from when on nothing more was looked at. Milliseconds of one clock. */
export type Turn = { name: string; begun: number; over: number; until: number; notRun?: string }
export type Row = {
  name: string
  lasted: string
  requests: number
  failed: number
  refused: number
  wrong: number
  recovered: string
}

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1)

/** `wrongAt`: when reads began that were wrong. */
export function rowOf(turn: Turn, outcomes: readonly Outcome[], wrongAt: readonly number[]): Row {
  if (turn.notRun) return { ...none, name: turn.name, recovered: `not run: ${turn.notRun}` }
  const within = outcomes.filter(({ begun, ended }) => ended >= turn.begun && begun < turn.until)
  const bad = within.filter(({ end }) => end !== 'good')
  const last = Math.max(turn.over, ...bad.map(({ ended }) => ended))
  return {
    name: turn.name,
    lasted: seconds(turn.over - turn.begun),
    requests: within.length,
    failed: bad.filter(({ end }) => end === 'failed').length,
    refused: bad.filter(({ end }) => end === 'refused').length,
    wrong: wrongAt.filter((at) => at >= turn.begun && at < turn.until).length,
    recovered: seconds(last - turn.over),
  }
}

const none = { lasted: '', requests: 0, failed: 0, refused: 0, wrong: 0 }

/** How often each thing went wrong, the most frequent first. */
export function reasonsOf(outcomes: readonly Outcome[]): string[] {
  const reasons = new Map<string, number>()
  for (const { kind, end, why } of outcomes.filter(({ end }) => end !== 'good')) {
    const reason = `${end}: ${kind}, ${why}`
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  return [...reasons].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${count} ${reason}`)
}

const heads = ['fault', 'lasted s', 'requests', 'failed', 'refused', 'wrong', 'well again after s']

export function textOf(rows: readonly Row[]): string {
  return textTable([heads, ...rows.map((row) => Object.values(row).map(String))])
}

export function markdownOf(rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map((row) => line(Object.values(row).map(String)))].join(
    '\n',
  )
}
