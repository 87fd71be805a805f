// What k6 saw, as the figures that people ask for.
import type { Summary } from './program.ts'

export type Threshold = { metric: string; rule: string; met: boolean }

const metricOf = ({ metrics }: Summary, metric: string, value: string) => metrics[metric]?.values[value] ?? 0

/** How often a counter was counted; 0 for one that never was. */
export const countOf = (summary: Summary, metric: string) => metricOf(summary, metric, 'count')

export function thresholdsOf({ metrics }: Summary): Threshold[] {
  return Object.entries(metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds).map(([rule, { ok }]) => ({ metric, rule, met: ok })),
  )
}

/** Milliseconds, calls a second, shares from 0 to 1. Where refusals are allowed, times are those of the other answers. */
export function figuresOf(summary: Summary) {
  const good = 'http_req_duration{expected_response:true}'
  const times = summary.metrics[good]?.thresholds ? good : 'http_req_duration'
  return {
    requests: countOf(summary, 'http_reqs'),
    perSecond: metricOf(summary, 'http_reqs', 'rate'),
    p50: metricOf(summary, times, 'med'),
    p95: metricOf(summary, times, 'p(95)'),
    p99: metricOf(summary, times, 'p(99)'),
    failed: metricOf(summary, 'http_req_failed', 'rate'),
    lost: metricOf(summary, 'lost', 'rate'),
    checks: metricOf(summary, 'checks', 'rate'),
    refused: countOf(summary, 'refused'),
    limited: countOf(summary, 'limited'),
    mostUsers: metricOf(summary, 'vus', 'max'),
  }
}
