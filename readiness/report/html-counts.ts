// Counts by area and status. No percentages: nine verified controls say nothing about the tenth.
import { byUrgency, statusWord } from './html-parts.ts'
import { html, type Markup } from './markup.ts'
import type { ControlResult, Report, Status } from './report.schemas.ts'

export const areasOf = ({ controls }: Report) => [...new Set(controls.map(({ area }) => area))]

export function renderCounts(report: Report): Markup {
  const { controls } = report
  const of = (wanted: Partial<ControlResult>) =>
    controls.filter(({ level, plane }) => (wanted.level ?? level) === level && (wanted.plane ?? plane) === plane)
  return html`<section aria-labelledby="counts"><h2 id="counts">Counts by area and status</h2>
<table class="counts">
<thead><tr><th scope="col">Area</th>${byUrgency.map((status) => html`<th scope="col" class="${status}"><span>${statusWord(status)}</span></th>`)}<th scope="col"><span>total</span></th></tr></thead>
<tbody>
${areasOf(report).map((area) =>
  line(
    html`<a href="#area-${area}" data-area="${area}" data-status="">${area}</a>`,
    controls.filter((control) => control.area === area),
    area,
  ),
)}
</tbody>
<tfoot>
${line('Musts', of({ level: 'must' }))}
${line('Shoulds', of({ level: 'should' }))}
${line('Seen on a running stack', of({ plane: 'live' }))}
${line('Seen in files only', of({ plane: 'file' }))}
${line('All controls', controls)}
</tfoot>
</table></section>`
}

function line(name: Markup | string, controls: ControlResult[], area?: string) {
  return html`<tr><th scope="row">${name}</th>${byUrgency.map((status) => cell(status, controls, area))}<td class="total">${controls.length}</td></tr>`
}

// A number of an area leads to those controls: the script filters by it, and without a script it jumps to the area.
function cell(status: Status, controls: ControlResult[], area: string | undefined) {
  const count = controls.filter((control) => control.status === status).length
  if (count === 0) return html`<td class="zero">0</td>`
  if (!area) return html`<td class="${status}">${count}</td>`
  const label = `${count} ${statusWord(status)} in ${area}`
  return html`<td class="${status}"><a href="#area-${area}" data-area="${area}" data-status="${status}" aria-label="${label}">${count}</a></td>`
}
