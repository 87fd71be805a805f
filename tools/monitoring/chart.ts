// One panel as SVG: lines over time on an axis from 0, with a name and a last value for each. No script, nothing from elsewhere.
import type { Line, Span } from './dashboard-data.ts'
import { formatValue, topOf } from './units.ts'

export const safe = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const [width, height, left, right, above, below] = [400, 170, 58, 8, 8, 20]
/** Colours of the page's style, then the same again with dashes. */
const colours = 8
const mostShown = 8

export const lastOf = ({ points }: Line) => points.at(-1)?.[1] ?? Number.NaN
const greatestOf = (lines: readonly Line[]) =>
  lines
    .flatMap(({ points }) => points.map(([, value]) => value))
    .reduce((most, value) => (Number.isFinite(value) ? Math.max(most, value) : most), 0)

/** The lines with the greatest values first, so that what is folded away is the least of them. */
export const ranked = (lines: readonly Line[]) =>
  [...lines].sort((one, other) => greatestOf([other]) - greatestOf([one]) || one.name.localeCompare(other.name))

export function renderChart(title: string, lines: readonly Line[], unit: string, span: Span): string {
  const top = topOf(greatestOf(lines), unit)
  const x = (at: number) => left + ((at - span.from) / (span.to - span.from)) * (width - left - right)
  const y = (value: number) => above + (1 - value / top) * (height - above - below)
  const grid = [0, top / 2, top].map(
    (value) =>
      `<path class="grid" d="M${left} ${y(value).toFixed(1)}H${width - right}"/><text x="${left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${formatValue(value, unit)}</text>`,
  )
  const clock = (at: number) => new Date(at * 1000).toISOString().slice(11, 16)
  const times = [
    [span.from, 'start'],
    [(span.from + span.to) / 2, 'middle'],
    [span.to, 'end'],
  ] as const
  const labels = times.map(
    ([at, anchor]) => `<text x="${x(at)}" y="${height - 5}" text-anchor="${anchor}">${clock(at)}</text>`,
  )
  const drawn = lines.map((line, at) => `<path class="${classOf(at)}" d="${pathOf(line, x, y, 1.5 * span.step)}"/>`)
  const said = `${title}: ${lines.length} lines, at most ${formatValue(greatestOf(lines), unit)}`
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${safe(said)}">${[...grid, ...labels, ...drawn.reverse()].join('')}</svg>`
}

export function renderLegend(lines: readonly Line[], unit: string): string {
  const entry = (line: Line, at: number) =>
    `<li><i class="${classOf(at)}"></i><span>${safe(line.name)}</span><b>${formatValue(lastOf(line), unit)}</b></li>`
  const entries = lines.map(entry)
  const rest = entries.slice(mostShown)
  const more =
    rest.length > 0 ? `<details><summary>${rest.length} more</summary><ul>${rest.join('')}</ul></details>` : ''
  return `<ul>${entries.slice(0, mostShown).join('')}</ul>${more}`
}

const classOf = (at: number) => `line c${at % colours}${at % (2 * colours) >= colours ? ' dashed' : ''}`

/** Begins anew after a gap. A point alone is a short dash, for a line without length is not seen. */
function pathOf({ points }: Line, x: (at: number) => number, y: (value: number) => number, gap: number): string {
  let path = ''
  let before = Number.NEGATIVE_INFINITY
  for (const [at, value] of points) {
    if (!Number.isFinite(value)) continue
    const [here, there] = [x(at).toFixed(1), y(value).toFixed(1)]
    path += at - before > gap ? `M${here} ${there}h.5` : `L${here} ${there}`
    before = at
  }
  return path
}
