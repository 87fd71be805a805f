// Time runs faster in a drill: every wait, range and interval of rules, Prometheus and Alertmanager is divided by one factor, and nothing
// else of them changes. Thresholds stay as they are, those in seconds too.
import { parse, stringify } from 'yaml'

type Rule = { alert?: string; record?: string; expr: string; for?: string; labels?: Record<string, string> }
type RuleFile = { groups: { name: string; interval?: string; rules: Rule[] }[] }
type Scrape = {
  job_name: string
  static_configs: { targets: string[] }[]
  relabel_configs?: { target_label?: string; replacement?: string }[]
}
type Prometheus = {
  global: Record<string, unknown>
  alerting: { alertmanagers: unknown }
  rule_files: string[]
  scrape_configs: Scrape[]
}
type Route = { routes?: Route[] } & Record<string, unknown>
type Alertmanager = { route: Route; inhibit_rules: unknown; receivers: { name: string }[] }

const units: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}
const written = '(?:\\d+(?:ms|[smhdwy]))+'
const range = new RegExp(`\\[(${written})\\]`, 'g')
const waits = ['group_wait', 'group_interval', 'repeat_interval']

/** Of a duration such as 1h30m. */
export function millisecondsOf(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/g)]
  if (parts.map(([all]) => all).join('') !== text) throw new Error(`"${text}" is no duration of Prometheus`)
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? Number.NaN), 0)
}

export const scaled = (text: string, factor: number) => `${Math.round(millisecondsOf(text) / factor)}ms`

export const readRules = (text: string) => (parse(text) as RuleFile).groups.flatMap(({ rules }) => rules)

/** The rules of a file. Throws when anything of an expression has changed but the length of a range. */
export function scaleRules(text: string, factor: number): string {
  const file = parse(text) as RuleFile
  for (const group of file.groups) {
    if (group.interval) group.interval = scaled(group.interval, factor)
    for (const rule of group.rules) {
      const before = rule.expr
      rule.expr = before.replace(range, (_, duration) => `[${scaled(duration, factor)}]`)
      if (rule.for) rule.for = scaled(rule.for, factor)
      assertSame(before, rule.expr, factor)
    }
  }
  return stringify(file, { lineWidth: 0 })
}

/** Byte by byte, but for ranges, each of which is shorter by the factor. */
export function assertSame(before: string, after: string, factor: number): void {
  const bare = (text: string) => text.replace(range, '[]')
  const ranges = (text: string) => [...text.matchAll(range)].map(([, duration = '']) => duration)
  const wanted = ranges(before).map((duration) => scaled(duration, factor))
  if (bare(before) !== bare(after) || wanted.join() !== ranges(after).join())
    throw new Error(`An expression is not what it was:\n${before}\n${after}`)
}

type Places = { factor: number; alertmanager: string; blackbox: string; targets: Record<string, string>; rules: string }

/** The jobs of `targets`, each asked at that place; what nobody runs in a drill is left out. */
export function scalePrometheus(text: string, { factor, alertmanager, blackbox, targets, rules }: Places): string {
  const config = parse(text) as Prometheus
  for (const name of ['scrape_interval', 'evaluation_interval'])
    config.global[name] = scaled(String(config.global[name]), factor)
  // Prometheus allows none that is longer than the interval.
  config.global.scrape_timeout = config.global.scrape_interval
  config.rule_files = [`${rules}/*.yml`]
  config.alerting.alertmanagers = [{ static_configs: [{ targets: [alertmanager] }] }]
  config.scrape_configs = config.scrape_configs.filter(({ job_name }) => targets[job_name])
  for (const job of config.scrape_configs) {
    const asked = job.static_configs[0]?.targets[0] ?? ''
    job.static_configs = [{ targets: [movedTo(targets[job.job_name] ?? '', asked)] }]
    for (const relabel of job.relabel_configs ?? [])
      if (relabel.target_label === '__address__') relabel.replacement = blackbox
  }
  return stringify(config)
}

/** Of a URL only the place is another: what is asked for there stays. */
function movedTo(place: string, asked: string): string {
  if (!asked.includes('://')) return place
  const { pathname, search } = new URL(asked)
  return new URL(`${pathname}${search}`, place).href
}

/** The tree of routes and what holds what back, as they are, with each receiver at a path of its own. */
export function scaleAlertmanager(text: string, factor: number, receiver: string): string {
  const { route, inhibit_rules, receivers } = parse(text, { merge: true }) as Alertmanager
  return stringify({
    global: { resolve_timeout: scaled('5m', factor) },
    route: scaleRoute(route),
    inhibit_rules,
    receivers: receivers.map(({ name }) => ({
      name,
      webhook_configs: [{ url: `${receiver}/${name}`, send_resolved: name !== 'watchdog' }],
    })),
  })

  function scaleRoute({ routes, ...rest }: Route): Route {
    const faster = Object.entries(rest).map(([key, value]) => [
      key,
      waits.includes(key) ? scaled(String(value), factor) : value,
    ])
    return { ...Object.fromEntries(faster), ...(routes && { routes: routes.map(scaleRoute) }) }
  }
}
