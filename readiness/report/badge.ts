// badge.svg: the report in one line, for a README. Counts only, and red as soon as one must fails.
import { failingMusts } from './decision.ts'
import { xml } from './markup.ts'
import type { Report } from './report.schemas.ts'

const colors = { red: '#b3261e', grey: '#5a6472', green: '#17703f' }
const label = 'readiness'
const height = 20
// About the width of Verdana at size 11; textLength makes the text fit where another font stands in.
const widthOf = (text: string) => Math.round(text.length * 6.15)

export function renderBadge(report: Report): string {
  const count = (status: string) => report.controls.filter((control) => control.status === status).length
  const message = `${count('verified')} of ${report.controls.length} verified, ${count('failing')} failing`
  const [left, right] = [widthOf(label) + 12, widthOf(message) + 12]
  const title = xml(`${label}: ${message}`)
  const text = (content: string, x: number) =>
    `<text x="${x + 6}" y="14" textLength="${widthOf(content)}" lengthAdjust="spacingAndGlyphs">${xml(content)}</text>`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="${height}" role="img" aria-label="${title}">
<title>${title}</title>
<clipPath id="round"><rect width="${left + right}" height="${height}" rx="3"/></clipPath>
<g clip-path="url(#round)">
<rect width="${left}" height="${height}" fill="#333b45"/>
<rect x="${left}" width="${right}" height="${height}" fill="${colorOf(report)}"/>
</g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
${text(label, 0)}
${text(message, left)}
</g>
</svg>
`
}

function colorOf(report: Report) {
  if (failingMusts(report).length > 0) return colors.red
  return report.reached === 'none' ? colors.grey : colors.green
}
