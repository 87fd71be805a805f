// What the panels of monitoring/dashboards/ show of the last while, asked of a Prometheus.
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

type Target = { expr: string; legendFormat: string }
type Panel = {
  type: string
  title: string
  description?: string
  targets?: Target[]
  fieldConfig?: { defaults: { unit: string } }
}
/** A value that is no number is a gap. */
export type Line = { name: string; points: [at: number, value: number][] }
export type PanelData = { title: string; unit: string; kind: string; about: string; lines: Line[]; problem?: string }
export type BoardData = { uid: string; title: string; rows: { title: string; panels: PanelData[] }[] }
/** Seconds since 1970, and between two points. */
export type Span = { from: number; to: number; step: number }
type Result = { metric: Record<string, string>; values: [at: number, value: string][] }

const folder = resolve(import.meta.dirname, '../../monitoring/dashboards')

/** Every board with its data. A query that is refused is a problem of its panel; rejects where nobody answers at the address. */
export async function readBoards(prometheus: string, span: Span, rateInterval: string): Promise<BoardData[]> {
  const boards: BoardData[] = []
  for (const file of globSync('*.json', { cwd: folder }).sort(overviewFirst)) {
    const { uid, title, panels } = JSON.parse(readFileSync(resolve(folder, file), 'utf8'))
    const rows: BoardData['rows'] = []
    for (const panel of panels as Panel[]) {
      if (panel.type === 'row') rows.push({ title: panel.title, panels: [] })
      else rows.at(-1)?.panels.push(await readPanel(prometheus, panel, span, rateInterval))
    }
    boards.push({ uid, title, rows })
  }
  return boards
}

const overviewFirst = (one: string, other: string) =>
  Number(other.startsWith('overview')) - Number(one.startsWith('overview')) || one.localeCompare(other)

async function readPanel(prometheus: string, panel: Panel, span: Span, rateInterval: string): Promise<PanelData> {
  const { title, type: kind, description: about = '', targets = [] } = panel
  const data: PanelData = { title, kind, about, unit: panel.fieldConfig?.defaults.unit ?? 'short', lines: [] }
  for (const { expr, legendFormat } of targets) {
    const query = expr.replaceAll('$__rate_interval', rateInterval)
    const words = new URLSearchParams({ query, start: `${span.from}`, end: `${span.to}`, step: `${span.step}` })
    const answer = await fetch(new URL('/api/v1/query_range', prometheus), { method: 'POST', body: words })
    const body = (await answer.json()) as { data?: { result: Result[] }; error?: string }
    if (body.data) data.lines.push(...body.data.result.map((result) => lineOf(result, legendFormat)))
    else data.problem = body.error ?? `HTTP ${answer.status}`
  }
  // `or vector(0)` is there for an empty panel: beside lines that have a name it says nothing.
  const named = data.lines.filter(({ name }) => name !== '')
  return { ...data, lines: named.length > 0 ? named : data.lines.map((line) => ({ ...line, name: 'none' })) }
}

function lineOf({ metric, values }: Result, legendFormat: string): Line {
  const name = legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '').trim()
  return { name, points: values.map(([at, value]) => [at, Number(value)]) }
}
