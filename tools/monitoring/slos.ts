// Recording rules and burn-rate alerts from monitoring/slos.json. Windows and factors are those of the SRE Workbook of Google, chapter 5:
// a page when 2 % of a month's budget burns in an hour or 5 % in six, a ticket for 10 % in three days.
import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'

/**
 * Objective: the share that must be good over 30 days. One of `good` and `bad` is given; both are counters, like `total`. Nobody is
 * called for fewer than `least` that were bad, since of little traffic one is a large share. Prometheus 3 writes a bucket's bound of
 * 30 as 30.0.
 */
export type Slo = {
  name: string
  title: string
  objective: number
  least: number
  total: string
  good?: string
  bad?: string
  runbook: string
}
type Burn = { long: string; short: string; factor: number; severity: 'page' | 'ticket'; for: string }

export const readSlos = (): Slo[] =>
  JSON.parse(readFileSync(new URL('../../monitoring/slos.json', import.meta.url), 'utf8'))

const windows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d', '30d']
const burns: Burn[] = [
  { long: '1h', short: '5m', factor: 14.4, severity: 'page', for: '2m' },
  { long: '6h', short: '30m', factor: 6, severity: 'page', for: '15m' },
  { long: '1d', short: '2h', factor: 3, severity: 'ticket', for: '1h' },
  { long: '3d', short: '6h', factor: 1, severity: 'ticket', for: '3h' },
]

/** Name of the recorded share of what was bad. */
const ratioOf = (window: string) => `slo:bad:ratio_rate${window}`

const head = '# Made of monitoring/slos.json: npm run monitoring\n'

/** monitoring/rules/slos.yml */
export function renderRules(slos: readonly Slo[]): string {
  const rules = slos.flatMap((slo) => [
    { record: 'slo:objective', labels: { slo: slo.name }, expr: `vector(${slo.objective})` },
    ...windows.map((window) => ({
      record: ratioOf(window),
      labels: { slo: slo.name },
      expr: badShare(slo, window),
    })),
    {
      record: 'slo:budget:remaining_ratio',
      labels: { slo: slo.name },
      expr: `1 - ${ratioOf('30d')}{slo="${slo.name}"} / ${budgetOf(slo)}`,
    },
  ])
  return head + stringify({ groups: [{ name: 'slos', interval: '30s', rules }] }, { lineWidth: 0 })
}

/** Where nothing was asked for, nothing was bad. */
function badShare({ total, good, bad }: Slo, window: string): string {
  const rate = (counter: string) => `sum(rate(${counter}[${window}]))`
  const share = bad
    ? `(${rate(bad)} or vector(0)) / (${rate(total)} > 0)`
    : `1 - (${rate(good ?? '')} or vector(0)) / (${rate(total)} > 0)`
  return `(${share}) or vector(0)`
}

function badCount({ total, good, bad }: Slo, window: string): string {
  const count = (counter: string) => `sum(increase(${counter}[${window}]))`
  return bad ? count(bad) : `${count(total)} - (${count(good ?? '')} or vector(0))`
}

const budgetOf = ({ objective }: Slo) => Number((1 - objective).toFixed(6))

/** monitoring/alerts/slos.yml */
export function renderAlerts(slos: readonly Slo[]): string {
  const rules = slos.flatMap((slo) =>
    burns.map(({ long, short, factor, severity, for: wait }) => ({
      alert: `${pascal(slo.name)}Burn${long}`,
      expr: [long, short]
        .map((window) => `${ratioOf(window)}{slo="${slo.name}"} > ${factor} * ${budgetOf(slo)}`)
        .concat(`on () (${badCount(slo, long)} >= ${slo.least})`)
        .join('\nand\n'),
      for: wait,
      labels: { severity, team: slo.name === 'payments' ? 'payments' : 'platform', slo: slo.name },
      annotations: {
        summary: `${slo.title}: the error budget burns ${factor} times as fast as it may`,
        description: `{{ $value | humanizePercentage }} was bad in the last ${long}, and ${budgetOf(slo) * 100} % may be over 30 days.`,
        runbook_url: `{{ $externalLabels.runbooks }}/${slo.runbook}.md`,
      },
    })),
  )
  return head + stringify({ groups: [{ name: 'slos', rules }] }, { lineWidth: 0 })
}

const pascal = (name: string) => name.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase())
