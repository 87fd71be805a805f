// What this process counts, for Prometheus. Names and units by its conventions; docs/metrics.md is made of what is declared.
import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import {
  Counter,
  type CounterConfiguration,
  collectDefaultMetrics,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  type HistogramConfiguration,
  Registry,
} from 'prom-client'
import { inSpan, SpanKind } from './spans.ts'

export type Metrics = ReturnType<typeof createMetrics>
/** One metric as docs/metrics.md tells of it. */
export type Declared = { name: string; help: string; type: string; labels: readonly string[] }
export type Asked = { help: string; labelNames?: string[] }
export type Sample = { value: number; labels?: Record<string, string> }

/** Milliseconds that what a gauge asks elsewhere may take: a scrape must not hang with a dependency. */
const patience = 1000
/** Seconds. */
const durations = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const times = histogram({
    name: 'seaworthy_timed_duration_seconds',
    help: 'What is timed by name: calls to what is outside, by who is called; hashes of passwords; documents of exports',
    labelNames: ['name', 'outcome'],
    buckets: durations,
  })
  const failures = counter({
    name: 'seaworthy_scrape_failures_total',
    help: 'Values that a scrape could not get in time, because what knows them was away',
    labelNames: ['name'],
  })

  return {
    counter,
    gauge,
    histogram,
    watchProcess,
    asked,
    timed,
    text: () => registry.metrics(),
    serve,
    declared: (): Declared[] => registry.getMetricsAsArray().map(declaredOf),
  }

  function counter<T extends string>(about: CounterConfiguration<T>) {
    return new Counter<T>({ ...about, registers })
  }

  /** Its value is asked for by `collect` at each scrape, or set. */
  function gauge<T extends string>(about: GaugeConfiguration<T>) {
    return new Gauge<T>({ ...about, registers })
  }

  /** In seconds, by the usual buckets unless others are given. */
  function histogram<T extends string>(about: HistogramConfiguration<T>) {
    return new Histogram<T>({ buckets: durations, ...about, registers })
  }

  /** CPU, memory, heap, event loop, GC and handles of this process. */
  function watchProcess(): void {
    collectDefaultMetrics({ register: registry })
    gauge({
      name: 'nodejs_heap_size_limit_bytes',
      help: 'The heap at which the process ends for want of memory',
    }).set(getHeapStatistics().heap_size_limit)
    let last = performance.eventLoopUtilization()
    gauge({
      name: 'nodejs_eventloop_utilization_ratio',
      help: 'Share of the time since the last scrape in which the event loop was busy, from 0 to 1',
      collect() {
        const now = performance.eventLoopUtilization()
        this.set(performance.eventLoopUtilization(now, last).utilization)
        last = now
      },
    })
  }

  /**
   * Gauges whose values lie elsewhere, in a database or a queue: one question for all of them at each scrape. Where it fails or takes
   * longer than a second they have no sample, and an alert on their absence can tell.
   */
  function asked<N extends string>(name: string, about: Record<N, Asked>, ask: () => Promise<Record<N, Sample[]>>) {
    failures.inc({ name }, 0)
    let present: Promise<Record<N, Sample[]> | undefined> | undefined
    const answer = () => {
      present ??= within(ask())
        .catch(() => void failures.inc({ name }))
        .then((samples) => samples ?? undefined)
        .finally(() => {
          present = undefined
        })
      return present
    }
    for (const each of Object.keys(about) as N[])
      gauge({
        name: each,
        ...about[each],
        async collect() {
          const samples = (await answer())?.[each] ?? []
          this.reset()
          // Without labels a reset is a zero, which would be a lie.
          if (samples.length === 0 && !about[each].labelNames) this.remove()
          for (const { value, labels = {} } of samples) this.set(labels, value)
        },
      })
  }

  /** Answers a scrape. A gauge that throws is a 500 of this one, and no end of the process. */
  async function serve(answer: ServerResponse): Promise<void> {
    const text = await registry.metrics().catch(() => undefined)
    answer.writeHead(text === undefined ? 500 : 200, { 'content-type': registry.contentType }).end(text)
  }

  async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
    const end = times.startTimer({ name })
    try {
      const result = await inSpan(name, { kind: SpanKind.INTERNAL }, work)
      end({ outcome: 'success' })
      return result
    } catch (error) {
      end({ outcome: 'failure' })
      throw error
    }
  }
}

function declaredOf({ name, help, type, labelNames = [] }: MetricObject): Declared {
  return { name, help, type: String(type), labels: labelNames }
}
type MetricObject = { name: string; help: string; type: unknown; labelNames?: string[] }

async function within<T>(answer: Promise<T>): Promise<T> {
  const waiting = new AbortController()
  const late = delay(patience, undefined, waiting).then(() => Promise.reject(new Error('too late')))
  return Promise.race([answer, late]).finally(() => waiting.abort())
}
