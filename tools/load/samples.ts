// What the parts of the service do during a run: CPU time of each, and what an API says of itself, every two seconds.
import { setTimeout as delay } from 'node:timers/promises'

/** `metrics` is the address of the API's metrics, `cpu` the seconds that a part has used so far: processes may be started again. */
export type Watched = { metrics: () => string; cpu: Record<Part, () => Promise<number | undefined>> }
export const parts = ['api', 'worker', 'postgres', 'redis'] as const
export type Part = (typeof parts)[number]
/** Of one interval: answers a second, milliseconds, refusals a second, and for each part the cores that it kept busy. */
export type Sample = {
  at: number
  perSecond: number
  p95: number
  shed: number
  waiting: number
  loopDelay: number
  cores: Partial<Record<Part, number>>
}
type Looked = { at: number; metrics: Map<string, number>; cpu: Partial<Record<Part, number>> }

const every = 2000
const duration = 'seaworthy_http_request_duration_seconds'

/** `hear` hears each sample. `stop` answers all, and what each part used in all. */
export function startSampling(watched: Watched, hear: (sample: Sample) => void) {
  const samples: Sample[] = []
  const stopping = new AbortController()
  const begun = performance.now()
  const looking = run()

  return { samples, stop }

  async function run(): Promise<{ first: Looked; last: Looked } | undefined> {
    const first = await look(watched)
    let before = first
    while (!stopping.signal.aborted) {
      await delay(every, undefined, { signal: stopping.signal }).catch(() => {})
      const now = await look(watched).catch(() => undefined)
      if (!now) continue
      const sample = sampleOf(before, now, begun)
      samples.push(sample)
      hear(sample)
      before = now
    }
    return { first, last: before }
  }

  /** Seconds of CPU by part, and requests that the API answered, from the beginning to now. */
  async function stop() {
    stopping.abort()
    const looked = await looking
    if (!looked) return { cpu: {}, answered: 0 }
    const { first, last } = looked
    const cpu = partsOf((part) => minus(last.cpu[part], first.cpu[part]))
    return { cpu, answered: sum(last.metrics, `${duration}_count`) - sum(first.metrics, `${duration}_count`) }
  }
}

async function look({ metrics, cpu }: Watched): Promise<Looked> {
  const answer = await fetch(metrics(), { signal: AbortSignal.timeout(every) })
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const values = lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))] as const)
  const used = await Promise.all(parts.map(async (part) => [part, await cpu[part]()] as const))
  const seconds = new Map(used)
  return { at: performance.now(), metrics: new Map(values), cpu: partsOf((part) => seconds.get(part)) }
}

function sampleOf(before: Looked, now: Looked, begun: number): Sample {
  const seconds = (now.at - before.at) / 1000
  const grown = (name: string) => sum(now.metrics, name) - sum(before.metrics, name)
  return {
    at: (now.at - begun) / 1000,
    perSecond: grown(`${duration}_count`) / seconds,
    p95: quantile(0.95, before, now) * 1000,
    shed: grown('seaworthy_requests_shed_total') / seconds,
    waiting: now.metrics.get('seaworthy_db_pool_waiting') ?? 0,
    loopDelay: (now.metrics.get('nodejs_eventloop_lag_p99_seconds') ?? 0) * 1000,
    cores: partsOf((part) => {
      const used = minus(now.cpu[part], before.cpu[part])
      return used === undefined ? undefined : used / seconds
    }),
  }
}

const sum = (metrics: Looked['metrics'], name: string) =>
  [...metrics].reduce((all, [key, value]) => (key === name || key.startsWith(`${name}{`) ? all + value : all), 0)

/** Seconds: the bucket in which it lies, read as Prometheus does it, in a straight line. NaN where nothing was answered. */
function quantile(share: number, before: Looked, now: Looked): number {
  const buckets = new Map<number, number>()
  for (const [key, value] of now.metrics) {
    const le = key.startsWith(`${duration}_bucket{`) && /le="([^"]+)"/.exec(key)?.[1]
    if (!le) continue
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
    buckets.set(bound, (buckets.get(bound) ?? 0) + value - (before.metrics.get(key) ?? 0))
  }
  const sorted = [...buckets].sort(([one], [other]) => one - other)
  const wanted = share * (sorted.at(-1)?.[1] ?? 0)
  const at = sorted.findIndex(([, count]) => count >= wanted)
  const [[low, below], [high, upTo]] = [sorted[at - 1] ?? [0, 0], sorted[at] ?? [Number.NaN, 0]]
  if (wanted === 0) return Number.NaN
  return Number.isFinite(high) ? low + ((high - low) * (wanted - below)) / (upTo - below) : low
}

const minus = (one: number | undefined, other: number | undefined) =>
  one === undefined || other === undefined ? undefined : one - other

export function partsOf(of: (part: Part) => number | undefined): Partial<Record<Part, number>> {
  return Object.fromEntries(
    parts.flatMap((part) => {
      const value = of(part)
      return value === undefined ? [] : [[part, value]]
    }),
  )
}
