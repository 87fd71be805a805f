// One run on one page, without script or network: the tables of the terminal, and how it went over time.
import { renderChart, renderLegend, safe } from '../monitoring/chart.ts'
import type { Line } from '../monitoring/dashboard-data.ts'
import { faultsOf, type Result } from './result.ts'
import { parts, type Sample } from './samples.ts'
import { remarksOf, tablesOf } from './text.ts'

const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** `begun` is in milliseconds since 1970. */
export function renderPage(result: Result, samples: readonly Sample[], begun: number): string {
  const faults = faultsOf(result)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Seaworthy under load: ${safe(result.scenario)}</title>
<style>
  :root { color-scheme: light dark; --dim: light-dark(#556472, #9fb0bf); --edge: light-dark(#d5dde5, #34414d); font: 15px/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 0 auto; padding: 1.25rem } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem } p, ul { color: var(--dim) }
  div { overflow-x: auto } table { border-collapse: collapse } th, td { padding: .2rem .9rem .2rem 0; text-align: left; border-bottom: 1px solid var(--edge); white-space: nowrap; font-variant-numeric: tabular-nums }
  svg { display: block; width: 100%; max-width: 40rem } svg text { font: 11px system-ui, sans-serif; fill: var(--dim) } path { fill: none; stroke: var(--edge) }
  path.line { stroke: var(--line); stroke-width: 2 } li i { display: inline-block; width: .9rem; border-top: 3px solid var(--line); margin-right: .5rem } li b { margin-left: .5rem } ul { list-style: none; padding: 0 }
  .c0 { --line: light-dark(#0a6ebd, #6cb8f5) } .c1 { --line: light-dark(#b3450b, #f59a5f) } .c2 { --line: light-dark(#2e7d32, #7fd084) } .c3 { --line: light-dark(#8e24aa, #d791ea) }
</style>
</head>
<body>
<h1>${safe(result.scenario)}: ${faults.length === 0 ? 'all holds' : `${faults.length} things do not hold`}</h1>
<p>${safe(`${result.date}, commit ${result.commit}, ${result.machine.cores} cores shared with k6 and all that it asks, ${result.target}`)}</p>
${faults.map((fault) => `<p><strong>${safe(fault)}</strong></p>`).join('\n')}
${tablesOf(result).map(renderTable).join('\n')}
${remarksOf(result)
  .map((remark) => `<p>${safe(remark)}</p>`)
  .join('\n')}
${samples.length > 1 ? renderCharts(samples, begun) : ''}
</body>
</html>
`
}

function renderTable({ title, rows: [head = [], ...rows] }: { title: string; rows: string[][] }): string {
  const row = (cells: string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${safe(cell)}</${tag}>`).join('')}</tr>`
  return `<h2>${safe(title)}</h2><div><table>${row(head, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table></div>`
}

function renderCharts(samples: readonly Sample[], begun: number): string {
  const at = (sample: Sample) => begun / 1000 + sample.at
  const line = (name: string, of: (sample: Sample) => number): Line => ({
    name,
    points: samples.map((one) => [at(one), of(one)]),
  })
  const [first, last] = [samples[0] as Sample, samples.at(-1) as Sample]
  const span = { from: at(first), to: at(last), step: (at(last) - at(first)) / (samples.length - 1) }
  const chart = (title: string, unit: string, lines: Line[]) =>
    `<h2>${title}</h2>${renderChart(title, lines, unit, span)}${renderLegend(lines, unit)}`
  return [
    chart('Answers a second', 'reqps', [
      line('answered', ({ perSecond }) => perSecond),
      line('refused', ({ shed }) => shed),
    ]),
    chart('How long they took, as the API counts it', 's', [line('p95', ({ p95 }) => p95 / 1000)]),
    chart(
      'Cores that are kept busy',
      'short',
      parts.map((part) => line(part, ({ cores }) => cores[part] ?? 0)),
    ),
  ].join('\n')
}
