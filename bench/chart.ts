// Each ratio as a bar with its aim as a line, as SVG: no script, nothing from elsewhere, readable on light and dark pages.
import { safe } from '../tools/monitoring/chart.ts'
import { type Figure, isMet } from './case.ts'
import { boundOf } from './report.ts'

const [width, left, right, row, bar, above] = [820, 330, 60, 26, 14, 24]
const style = `
  text { font: 13px system-ui, sans-serif; fill: #57606a }
  .met { fill: #2da44e } .missed { fill: #cf222e } .told { fill: #8c959f }
  .aim { stroke: #57606a; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #adbac7 } .aim { stroke: #adbac7 } }`

/** Of what is a ratio and was measured. */
export function chartOf(figures: readonly Figure[]): string {
  const ratios = figures.flatMap((figure) => (figure.unit === 'ratio' && !('why' in figure) ? [figure] : []))
  const top = Math.max(1, ...ratios.map(({ value, aim }) => Math.max(value, aim ? boundOf(aim) : 0)))
  const x = (value: number) => left + (value / top) * (width - left - right)
  const rows = ratios.map((figure, at) => {
    const y = above + at * row
    const colour = { true: 'met', false: 'missed', undefined: 'told' }[String(isMet(figure))]
    const aim = figure.aim && `<path class="aim" d="M${x(boundOf(figure.aim)).toFixed(1)} ${y - 3}v${bar + 6}"/>`
    return [
      `<text x="${left - 8}" y="${y + 12}" text-anchor="end">${safe(figure.title)}</text>`,
      `<rect class="${colour}" x="${left}" y="${y}" width="${(x(figure.value) - left).toFixed(1)}" height="${bar}"/>`,
      aim ?? '',
      `<text x="${(Math.max(x(figure.value), figure.aim ? x(boundOf(figure.aim)) : 0) + 6).toFixed(1)}" y="${y + 12}">${figure.value.toFixed(2)}</text>`,
    ].join('')
  })
  const height = above + ratios.length * row + 6
  const said =
    'Each ratio as a bar, green where its aim is met, red where not, grey where none is set; the line is the aim'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${said}"><style>${style}</style><text x="${left}" y="14">share of the bare program (line: the aim)</text>${rows.join('\n')}</svg>\n`
}
