// The sections under the list of controls: what was not verified, what was accepted, who signed, what changed.
import {
  byUrgency,
  controlLink,
  controlLinks,
  daysLeft,
  daysUntil,
  instant,
  plural,
  row,
  statusTag,
} from './html-parts.ts'
import { html, type Markup } from './markup.ts'
import { type CheckedSignOff, type Report, roles } from './report.schemas.ts'

export function renderNotVerified(report: Report): Markup {
  const { lacks } = report.run.machine
  const open = byUrgency.filter((status) => ['missing', 'not-verified', 'claimed'].includes(status))
  const groups = open.flatMap((status) => {
    const controls = report.controls.filter((control) => control.status === status)
    const byReason = Map.groupBy(controls, ({ reason }) => reason || 'no reason was given')
    return [...byReason].map(([reason, ofReason]) => ({ status, reason, ids: ofReason.map(({ id }) => id) }))
  })
  return section(
    'not-verified',
    'Not verified here, and why',
    groups.length,
    'Every control of the list was verified, is waived, or fails.',
    html`<ul class="rows">${groups.map(({ status, reason, ids }) => html`<li>${statusTag(status)} <span>${reason} <span class="why">${plural(ids.length, 'control')}: ${controlLinks(ids)}</span></span></li>`)}</ul>`,
    html`<p>This machine lacks ${lacks.join(', ') || 'nothing'}.</p>`,
  )
}

export function renderWaivers(report: Report): Markup {
  const { waivers } = report
  const cards = waivers
    .map((waiver) => ({ ...waiver, days: daysUntil(waiver.expires, report) }))
    .toSorted((a, b) => a.days - b.days)
    .map(
      (
        waiver,
      ) => html`<li><h3>${controlLink(waiver.control)} ${tag(waiver.days < 0 ? 'failing' : 'waived', daysLeft(waiver.days))}</h3><dl class="facts">
${row('Reason', waiver.reason)}${row('Instead', waiver.compensatingControl)}${row('Where', waiver.environment)}
${row('Owner', waiver.owner)}${row('Approver', waiver.approver)}${row('Valid', `${waiver.created} to ${waiver.expires}`)}</dl></li>`,
    )
  return section('waivers', 'Waivers', waivers.length, 'Nothing is waived.', html`<ul class="cards">${cards}</ul>`)
}

const severities = ['critical', 'high', 'medium', 'low']

export function renderRisks(report: Report): Markup {
  const { risks } = report
  const cards = risks
    .toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
    .map((risk) => {
      const days = daysUntil(risk.review, report)
      const overdue = days < 0 ? tag('failing', `review overdue by ${plural(-days, 'day')}`) : undefined
      const tone = { critical: 'failing', high: 'missing', medium: 'claimed', low: 'not-verified' }[risk.severity]
      return html`<li><h3><span class="id">${risk.id}</span> ${tag(tone, risk.severity)} ${overdue}</h3><p>${risk.title}</p><dl class="facts">
${row('Mitigation', risk.mitigation)}${row('Owner', risk.owner)}${row('Review', risk.review)}</dl></li>`
    })
  return section('risks', 'Risks', risks.length, 'No risk is on record.', html`<ul class="cards">${cards}</ul>`)
}

export function renderSignOffs(signOffs: readonly CheckedSignOff[]): Markup {
  const lines = roles.flatMap((role) => {
    const ofRole = signOffs.filter((signOff) => signOff.role === role)
    if (ofRole.length === 0) return [html`<li>${tag('missing', 'not signed')} <span><b>${role}</b></span></li>`]
    return ofRole.map((signOff) => {
      const { valid, why } = signOff
      return html`<li class="${valid ? 'fine' : 'bad'}">${valid ? tag('verified', 'valid') : tag('failing', 'invalid')} <span><b>${role}</b>, ${signOff.name}, ${instant(signOff.date)} <span class="why">${!valid ? html`${why}; signed commit <code>${signOff.commit.slice(0, 7)}</code>, digest <code>${signOff.digest.slice(0, 12)}…</code>` : 'signs this commit and this digest'}</span></span></li>`
    })
  })
  return section('sign-offs', 'Sign-offs', roles.length, '', html`<ul class="rows">${lines}</ul>`)
}

export function renderDifference({ difference }: Report): Markup {
  const since = difference
    ? html`<p>Since the report of commit <code>${difference.commit.slice(0, 7)}</code>, ${instant(difference.end)}:</p>`
    : undefined
  const lines = difference?.changed.map(
    ({ id, from, to }) =>
      html`<li>${controlLink(id)} <span>${statusTag(from)} <span aria-hidden="true">→</span><span class="unseen">became</span> ${statusTag(to)}</span></li>`,
  )
  return section(
    'changes',
    'What changed since the previous report',
    difference?.changed.length ?? 0,
    difference ? 'No control changed its status.' : 'There is no previous report.',
    html`<ul class="rows">${lines}</ul>`,
    since,
  )
}

const tag = (tone: string, word: string) => html`<span class="tag ${tone}">${word}</span>`

function section(id: string, title: string, count: number, empty: string, body: Markup, lead?: Markup) {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${lead}${count > 0 ? body : html`<p class="quiet">${empty}</p>`}
</section>`
}
