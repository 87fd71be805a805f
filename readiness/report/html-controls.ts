// The list of controls, by area, with the form that filters it.
import { areasOf } from './html-counts.ts'
import {
  byUrgency,
  daysLeft,
  duration,
  instant,
  isUncaught,
  loudest,
  plural,
  row,
  statusTag,
  statusWord,
  verdictTag,
} from './html-parts.ts'
import { html, type Markup } from './markup.ts'
import type { ControlResult, Report, SabotageResult } from './report.schemas.ts'

export function renderControls(report: Report): Markup {
  return html`<section aria-labelledby="controls"><h2 id="controls">Controls</h2>
${renderFilters(report)}
${areasOf(report).map((area) =>
  renderArea(
    area,
    report.controls.filter((control) => control.area === area),
  ),
)}
<p id="nothing" class="quiet" hidden>No control matches this filter.</p>
</section>`
}

// Hidden until the script runs, since it does nothing without it.
function renderFilters(report: Report) {
  const option = (value: string, word = value) => html`<option value="${value}">${word}</option>`
  return html`<search><form id="filters" hidden>
<label>Search <input type="search" name="text" autocomplete="off" placeholder="id, words, a file …"></label>
<label>Status <select name="status">${option('', 'any')}${option('!verified', 'all but verified')}${byUrgency.map((status) => option(status, statusWord(status)))}</select></label>
<label>Level <select name="level">${option('', 'any')}${option('must')}${option('should')}</select></label>
<label>Area <select name="area">${option('', 'any')}${areasOf(report).map((area) => option(area))}</select></label>
<button type="reset">Clear</button><button type="button" id="open-all" aria-pressed="false">Open all</button>
<output name="result" aria-live="polite"></output>
</form></search>`
}

function renderArea(area: string, controls: ControlResult[]) {
  const counts = byUrgency
    .map((status) => ({ status, count: controls.filter((control) => control.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${statusWord(status)}`)
  return html`<section class="area" aria-labelledby="area-${area}"><h3 id="area-${area}">${area} <small>${counts.join(' · ')}</small></h3>
${controls.map(renderControl)}
</section>`
}

function renderControl(control: ControlResult) {
  const { id, level, area, status, plane, tier, holds } = control
  const open = status === 'failing' ? trustedOpen : undefined
  return html`<details class="control ${status}" id="${id}" data-status="${status}" data-level="${level}" data-area="${area}"${open}>
<summary><h4>${id}</h4><span class="level ${level}">${level}</span>${statusTag(status)}<span class="kind">${plane}, ${tier}</span><span class="holds">${holds}${renderMarks(control)}</span></summary>
<div class="body">${renderFacts(control)}${renderSabotages(control.sabotages)}</div>
</details>`
}

const trustedOpen = html` open`

/** What nobody should have to open a control for. */
function renderMarks({ sabotages, lacks, waiverDaysLeft, stale }: ControlResult) {
  const uncaught = loudest(sabotages.filter(isUncaught))
  if (uncaught.length === 0 && waiverDaysLeft === null && !lacks && !stale) return undefined
  return html`<span class="marks">${uncaught.length > 0 ? html`<span class="mark loud">${plural(uncaught.length, 'sabotage')} not caught</span>` : undefined}
${waiverDaysLeft === null ? undefined : html`<span class="mark">waiver: ${daysLeft(waiverDaysLeft)}</span>`}
${lacks ? html`<span class="mark">not built yet: ${lacks}</span>` : undefined}
${stale ? html`<span class="mark">stale result of <code>${stale.commit.slice(0, 7)}</code></span>` : undefined}</span>`
}

function renderFacts({ because, reason, evidence, code, runbook, probe, waiverDaysLeft, stale }: ControlResult) {
  return html`<dl class="facts">
${row('Reason', reason && html`<span class="pre">${reason}</span>`)}
${row('Why', because)}
${row('Waiver', waiverDaysLeft === null ? undefined : daysLeft(waiverDaysLeft))}
${row('Stale', stale ? html`${statusTag(stale.status)} at commit <code>${stale.commit.slice(0, 7)}</code>, ${instant(stale.at)}. This run did not look, so it counts for nothing.` : undefined)}
${row('Probe', html`${probe.verdict === 'not-run' ? 'not run' : html`${probe.verdict} after ${duration(probe.seconds)}`}${probe.at ? html`, ${instant(probe.at)}` : undefined}`)}
${row('Evidence', renderEvidence(evidence))}
${row('Code', code.length > 0 ? html`<ul class="files">${code.map((file) => html`<li><code>${file}</code></li>`)}</ul>` : undefined)}
${row('Runbook', runbook && html`<code>${runbook}</code>`)}
</dl>`
}

function renderEvidence(evidence: ControlResult['evidence']) {
  const entries = Object.entries(evidence)
  if (entries.length === 0) return undefined
  return html`<dl class="evidence">${entries.map(([key, value]) => html`<div><dt>${key}</dt><dd class="pre">${showValue(value)}</dd></div>`)}</dl>`
}

// Evidence may be anything that JSON can say. Plain lists read better without their brackets.
function showValue(value: unknown): string {
  if (typeof value === 'string') return value
  const isPlain = (one: unknown) => typeof one === 'string' || typeof one === 'number'
  if (Array.isArray(value) && value.length > 0 && value.every(isPlain)) return value.join(', ')
  return JSON.stringify(value) ?? 'undefined'
}

function renderSabotages(sabotages: readonly SabotageResult[]) {
  if (sabotages.length === 0) return html`<p class="quiet">No sabotage is declared.</p>`
  return html`<h5>${plural(sabotages.length, 'sabotage')}</h5>
<ul class="rows sabotages">${loudest(sabotages).map(renderSabotage)}</ul>`
}

function renderSabotage({ name, kind, expected, verdict, reason, seconds }: SabotageResult) {
  const label = verdict === 'none' ? 'not run' : 'saw'
  const seen = reason && reason !== expected ? html`; ${label}: <span class="pre">${reason}</span>` : undefined
  return html`<li class="${isUncaught({ verdict }) ? 'bad' : 'fine'}">${verdictTag(verdict)} <span>${name} <span class="why">${kind}, must turn red for <code>${expected}</code>${seen}${verdict === 'none' ? undefined : html`, ${duration(seconds)}`}</span></span></li>`
}
