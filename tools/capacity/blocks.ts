// The parts of docs/capacity.md that are made of results. What was measured and what is computed of it are never in one table.
import { scenarios, shapes } from '../../k6/scenarios.ts'
import { faultsOf, type Result } from '../load/result.ts'
import { type Part, parts } from '../load/samples.ts'

export type Results = ReadonlyMap<string, Result>

/** Of the time of a core that is planned with: what is above is for bursts, and for when a replica is away. */
const planned = 0.6
const demands = [100, 1000, 10_000, 100_000]

export const blocks: Record<string, (results: Results) => string> = { measured, end, costs, plan }

const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
const ms = (value: number) => `${value.toFixed(0)} ms`
const percent = (share: number) => `${Number((share * 100).toFixed(3))} %`

function measured(results: Results): string {
  const head = [
    'scenario',
    'people',
    'requests a second',
    'p50',
    'p95',
    'p99',
    'failed',
    'refused',
    'verdict',
    'database',
  ]
  const rows = scenarios.map((name) => {
    const result = results.get(name)
    if (!result)
      return [name, `${shapes[name].users}`, ...head.slice(2).map((_, at) => (at === 0 ? 'not measured' : ''))]
    const { figures, agreements } = result
    const faults = faultsOf(result)
    return [
      ...[name, `${result.users}`, figures.perSecond.toFixed(1)],
      ...[ms(figures.p50), ms(figures.p95), ms(figures.p99)],
      ...[percent(figures.failed), `${figures.refused}`],
      faults.length === 0 ? 'all thresholds met' : faults.join('; '),
      agreements.every(({ agrees }) => agrees) ? 'agrees' : 'differs',
    ]
  })
  const made = scenarios.flatMap((name) => {
    const { date, commit, machine, seconds } = results.get(name) ?? {}
    if (!machine) return []
    return [
      `${name}: ${date}, commit ${commit}, ${seconds} s on ${machine.cores} cores and ${machine.memoryGiB} GiB (${machine.platform}, Node ${machine.node})`,
    ]
  })
  return [table(head, rows), made.map((line) => `- ${line}`).join('\n')].filter(Boolean).join('\n\n')
}

function end(results: Results): string {
  const { end: found } = results.get('breakpoint') ?? {}
  if (!found) return 'Not measured: `npm run load -- breakpoint --keep` does it.'
  if (found.perSecond === undefined)
    return 'Measured: there was no moment at which 95 of 100 answers took less than half a second.'
  const rows = parts.map((part) => [part, `${found.cores[part] ?? 'not known'}`])
  const { next } = found
  const then = next
    ? `Two seconds later 95 of 100 answers took less than ${ms(next.p95)} at ${next.perSecond} a second, and ${next.shedPerSecond} a second were refused.`
    : 'More was not asked for.'
  return `One replica kept up with **${found.perSecond} requests a second** on that machine, which k6 and all parts share. ${then} What they kept busy then:\n
${table(['part', 'cores'], rows)}\n
${found.waitingForPool} requests waited for a connection, and the event loop was ${ms(found.loopDelayMs ?? 0)} late (p99).
${reasonOf(results.get('breakpoint') as Result)}`
}

/** What was used up first, as far as the figures say it. */
function reasonOf({ machine, end: found }: Result): string {
  if (!found) return ''
  const busy = Object.values(found.cores).reduce((sum, cores) => sum + cores, 0)
  if ((found.cores.api ?? 0) > 0.85)
    return 'It ends at the CPU of the API: one process has one thread, and that was busy.'
  if ((found.waitingForPool ?? 0) > 0)
    return 'It ends at the pool: requests waited for a connection while the API had time.'
  if (busy > 0.6 * machine.cores)
    return `It ends at the machine: the parts kept ${busy.toFixed(1)} of ${machine.cores} cores busy, and k6 took of the rest. A replica alone on its core carries more.`
  return 'No single part was busy: the machine was shared with something else, and this says little.'
}

function costs(results: Results): string {
  const cost = costOf(results)
  if (!cost) return 'Not measured: `npm run load -- load --keep` does it.'
  const { cpu, p50, perSecond } = cost
  return `Measured at ${perSecond.toFixed(1)} requests a second of the mix (scenario load), half of which were answered within ${ms(p50)}:\n
${table(
  ['part', 'CPU a request'],
  parts.map((part) => [part, cpu[part] === undefined ? 'not known' : `${cpu[part]} ms`]),
)}`
}

function plan(results: Results): string {
  const cost = costOf(results)
  if (!cost) return 'Not computed: it takes what `npm run load -- load --keep` measures.'
  const { cpu, p50 } = cost
  const cores = (part: Part, demand: number) => Math.ceil((demand * (cpu[part] ?? 0)) / 1000 / planned)
  const head = [
    'requests a second',
    'API replicas',
    'workers',
    'PostgreSQL cores',
    'Redis cores',
    'connections in use',
    'pool of a replica',
  ]
  const rows = demands.map((demand) => {
    const replicas = Math.max(2, cores('api', demand))
    const held = (demand * p50) / 1000
    return [
      ...[`${demand}`, `${replicas}`, `${Math.max(2, cores('worker', demand))}`],
      ...[`${cores('postgres', demand)}`, `${cores('redis', demand)}`],
      ...[`${Math.ceil(held)}`, `${Math.max(2, Math.ceil((2 * held) / replicas))}`],
    ]
  })
  return `Computed, not measured: by the formulas above, with the costs above, at ${percent(planned)} of each core.\n\n${table(head, rows)}`
}

function costOf(results: Results) {
  const { parts: seen, figures } = results.get('load') ?? {}
  return seen && figures && { cpu: seen.cpuMsPerRequest, p50: figures.p50, perSecond: figures.perSecond }
}
