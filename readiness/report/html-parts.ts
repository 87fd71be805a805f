// The small pieces that every section of the page is built from.
import { html, type Markup } from './markup.ts'
import type { Report, SabotageVerdict, Status } from './report.schemas.ts'

/** The worst first: the order of columns, filters and lists. */
export const byUrgency = [
  'failing',
  'missing',
  'not-verified',
  'claimed',
  'waived',
  'verified',
] as const satisfies Status[]

const words: Record<Status, string> = {
  failing: 'failing',
  missing: 'missing',
  'not-verified': 'not verified',
  claimed: 'claimed',
  waived: 'waived',
  verified: 'verified',
}
export const statusWord = (status: Status) => words[status]
export const statusTag = (status: Status) => html`<span class="tag ${status}">${words[status]}</span>`

const loudness: SabotageVerdict[] = ['survived', 'wrong-reason', 'undo-failed', 'not-applied', 'none', 'proven']
const meanings: Record<SabotageVerdict, string> = {
  survived: 'survived',
  'wrong-reason': 'wrong reason',
  'undo-failed': 'undo failed',
  'not-applied': 'not applied',
  none: 'not run',
  proven: 'proven',
}
export const verdictTag = (verdict: SabotageVerdict) => html`<span class="tag ${verdict}">${meanings[verdict]}</span>`
export const loudest = <T extends { verdict: SabotageVerdict }>(sabotages: readonly T[]) =>
  sabotages.toSorted((a, b) => loudness.indexOf(a.verdict) - loudness.indexOf(b.verdict))
/** A hole in a probe: its control was broken, or was meant to be, and the right alarm did not come. */
export const isUncaught = ({ verdict }: { verdict: SabotageVerdict }) => verdict !== 'proven' && verdict !== 'none'

export const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`
export const controlLink = (id: string) => html`<a class="id" href="#${id}">${id}</a>`
export const controlLinks = (ids: readonly string[]) =>
  ids.map((id, index) => html`${index > 0 ? ', ' : ''}${controlLink(id)}`)

/** A row of a definition list, left out when there is nothing to say. */
export const row = (term: string, value: Markup | string | undefined) =>
  value ? html`<div><dt>${term}</dt><dd>${value}</dd></div>` : undefined

/** `2026-11-24 10:12:03 UTC`, from an instant as the report writes it. */
export const instant = (iso: string) =>
  html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`

export function duration(seconds: number) {
  if (seconds < 60) return `${Number(seconds.toFixed(seconds < 10 ? 2 : 0))} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** Whole days from the end of the run to a day: the page counts from the run, since a file has no clock of its own. */
export const daysUntil = (day: string, { run }: Report) =>
  Math.round((Date.parse(day) - Date.parse(run.end.slice(0, 10))) / 86_400_000)

export function daysLeft(days: number) {
  if (days < 0) return `ended ${plural(-days, 'day')} before the run`
  return days === 0 ? 'ends on the day of the run' : `${plural(days, 'day')} left`
}
