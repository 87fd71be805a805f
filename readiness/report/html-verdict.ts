// The top of the page: GO or NO GO with its reasons, what was run, and what no filter may hide.
import { decide, failingMusts } from './decision.ts'
import {
  controlLink,
  controlLinks,
  duration,
  instant,
  isUncaught,
  loudest,
  plural,
  row,
  verdictTag,
} from './html-parts.ts'
import { html, type Markup } from './markup.ts'
import type { CheckedSignOff, Report } from './report.schemas.ts'

export function renderVerdict(report: Report, signOffs: readonly CheckedSignOff[], digest: string): Markup {
  const { go, reasons } = decide(report, signOffs)
  const verified = report.controls.filter(({ status }) => status === 'verified').length
  return html`<header class="top ${go ? 'go' : 'no-go'}">
<div class="verdict">
<p class="kicker">Production readiness of commit <code>${report.run.commit.slice(0, 7)}</code></p>
<h1>${go ? 'GO' : 'NO GO'}</h1>
<p class="lead">${verified} of ${plural(report.controls.length, 'control')} verified, ${plural(failingMusts(report).length, 'must')} failing. ${reached[report.reached]}</p>
${go ? html`<p>All six roles signed this very report.</p>` : html`<ul class="reasons">${reasons.map(({ text, controls }) => html`<li>${text} ${controlLinks(controls)}</li>`)}</ul>`}
</div>
${renderRun(report, digest)}
${report.run.dirty ? dirty : undefined}
</header>`
}

const reached = {
  none: 'Not every must holds.',
  musts: 'Every must holds or is waived.',
  all: 'Every must and every should holds.',
}

const dirty = html`<p class="alarm"><strong>Dirty tree.</strong> The files differed from the commit. This result is not merged with others and can’t be signed.</p>`

function renderRun({ run }: Report, digest: string): Markup {
  const { machine } = run
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`)
  return html`<section class="run" aria-labelledby="run"><h2 id="run">This run</h2>
<dl class="facts">
${row('Commit', html`<code>${run.commit}</code> ${run.dirty ? html`<span class="tag failing">dirty tree</span>` : 'clean tree'}`)}
${row('When', html`${instant(run.end)}, after ${duration(run.seconds)}`)}
${row('Target', run.target)}
${row('Machine', `${machine.platform}, ${plural(machine.cores, 'core')}, ${machine.memoryGiB} GiB`)}
${row('It lacks', machine.lacks.join(', ') || 'nothing')}
${row('Versions', versions.join(', '))}
${row('Asked for', run.arguments.length > 0 ? html`<code>${run.arguments.join(' ')}</code>` : 'the default')}
${row('Digest', html`<code>${digest}</code>`)}
</dl></section>`
}

/** Failing musts and uncaught sabotages. They stand outside the list, so that no filter can take them away. */
export function renderAlarms(report: Report): Markup {
  const failing = failingMusts(report)
  const uncaught = loudest(
    report.controls.flatMap(({ id, sabotages }) =>
      sabotages.filter(isUncaught).map((sabotage) => ({ id, ...sabotage })),
    ),
  )
  return html`<section aria-labelledby="failing"><h2 id="failing">Failing musts</h2>
${
  failing.length > 0
    ? html`<ul class="rows">${failing.map(({ id, holds, reason }) => html`<li class="bad">${controlLink(id)} <span>${holds} <span class="why">Reason: ${reason || 'none was given'}</span></span></li>`)}</ul>`
    : html`<p class="quiet">No must fails in this run.</p>`
}
</section>
${
  uncaught.length > 0
    ? html`<section aria-labelledby="uncaught"><h2 id="uncaught">Sabotages that were not caught</h2>
<ul class="rows">${uncaught.map(({ id, name, verdict, reason, expected }) => html`<li class="bad">${controlLink(id)} <span>${verdictTag(verdict)} ${name} <span class="why">Expected red for <code>${expected}</code>${reason ? html`, saw: ${reason}` : undefined}</span></span></li>`)}</ul></section>`
    : undefined
}`
}
