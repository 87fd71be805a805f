// All dashboards on one page, with the data that a Prometheus has: to see that they read well where there is no Grafana, and to keep
// what was seen in an incident. No script, no network; a phone is wide enough.
import { lastOf, ranked, renderChart, renderLegend, safe } from './chart.ts'
import type { BoardData, PanelData, Span } from './dashboard-data.ts'
import { formatValue } from './units.ts'

type Content = { boards: readonly BoardData[]; span: Span; source: string }

const utc = (seconds: number) => `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
const palette = [
  ['#0a6ebd', '#6cb8f5'],
  ['#b3450b', '#f59a5f'],
  ['#2e7d32', '#7fd084'],
  ['#8e24aa', '#d791ea'],
  ['#a16a00', '#e8bd4f'],
  ['#c2185b', '#f48fb1'],
  ['#00757c', '#5fd0d8'],
  ['#5c6470', '#b6c0cc'],
]
const colours = palette.map(([light, dark], at) => `.c${at} { --line: light-dark(${light}, ${dark}) }`).join('\n  ')

export const renderDashboards = ({ boards, span, source }: Content) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Seaworthy: dashboards</title>
<style>
  :root { color-scheme: light dark; --edge: light-dark(#d5dde5, #34414d); --dim: light-dark(#556472, #9fb0bf); --panel: light-dark(#fff, #1a232b) }
  * { box-sizing: border-box }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 90rem; margin: 0 auto; padding: 1.25rem; background: light-dark(#f3f6f9, #12181d); color: light-dark(#17212b, #e4ebf1) }
  h1 { margin: 0; font-size: 1.6rem } h2 { margin: 2.25rem 0 0; font-size: 1.3rem } h3 { margin: 1.25rem 0 .5rem; font-size: .95rem; color: var(--dim) } h4 { margin: 0 0 .5rem; font-size: 1rem }
  p { margin: .25rem 0; color: var(--dim) } a { color: light-dark(#0a5c8f, #7cc4f0) }
  nav { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin-top: .6rem }
  .panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr)); gap: .9rem; align-items: start }
  article { background: var(--panel); border: 1px solid var(--edge); border-radius: 8px; padding: .8rem .9rem; min-width: 0 }
  svg { display: block; width: 100%; height: auto } svg text { font: 11px system-ui, sans-serif; fill: var(--dim) }
  path { fill: none; vector-effect: non-scaling-stroke } .grid { stroke: var(--edge) }
  path.line { stroke: var(--line); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round } path.dashed { stroke-dasharray: 5 4 }
  ul { list-style: none; margin: .4rem 0 0; padding: 0; font-size: .85rem } li { display: flex; gap: .5rem; align-items: baseline }
  li i { flex: none; width: .9rem; height: 0; border-top: 3px solid var(--line); align-self: center } li i.dashed { border-top-style: dashed }
  li span { flex: 1; min-width: 0; overflow-wrap: anywhere } li b { font-variant-numeric: tabular-nums; white-space: nowrap }
  .stat li { padding: .15rem 0 } .stat b { font-size: 1.5rem; line-height: 1.2 } summary { cursor: pointer; font-size: .85rem; margin-top: .3rem; color: var(--dim) }
  .none { padding: 1.5rem 0; text-align: center }
  ${colours}
</style>
</head>
<body>
<header>
<h1>Dashboards</h1>
<p>From ${utc(span.from)} to ${utc(span.to)}, a point each ${formatValue(span.step, 's')}, of ${safe(source)}. Beside each name: its last value.</p>
<nav aria-label="Dashboards">${boards.map(({ uid, title }) => `<a href="#${safe(uid)}">${safe(nameOf(title))}</a>`).join('')}</nav>
</header>
<main>
${boards.map((board) => renderBoard(board, span)).join('\n')}
</main>
</body>
</html>
`

const nameOf = (title: string) => title.replace(/^Seaworthy: /, '')

const renderBoard = ({ uid, title, rows }: BoardData, span: Span) => `<section aria-labelledby="${safe(uid)}">
<h2 id="${safe(uid)}">${safe(nameOf(title))}</h2>
${rows.map((row) => `<h3>${safe(row.title)}</h3>\n<div class="panels">\n${row.panels.map((panel) => renderPanel(panel, span)).join('\n')}\n</div>`).join('\n')}
</section>`

function renderPanel({ title, unit, kind, about, lines, problem }: PanelData, span: Span): string {
  const head = `<h4>${safe(title)}</h4>${about && `<p>${safe(about)}</p>`}`
  if (problem) return `<article>${head}<p class="none">The query is refused: ${safe(problem)}</p></article>`
  if (lines.length === 0) return `<article>${head}<p class="none">No data</p></article>`
  if (kind === 'stat') return `<article class="stat">${head}${renderStats(lines, unit)}</article>`
  const drawn = ranked(lines)
  return `<article>${head}${renderChart(title, drawn, unit, span)}${renderLegend(drawn, unit)}</article>`
}

const renderStats = (lines: PanelData['lines'], unit: string) =>
  `<ul>${lines.map((line) => `<li><span>${safe(line.name)}</span><b>${formatValue(lastOf(line), unit)}</b></li>`).join('')}</ul>`
