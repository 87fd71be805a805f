import { expect, test } from 'vitest'
import type { Summary } from './program.ts'
import { faultsOf, resultOf } from './result.ts'
import type { Sample } from './samples.ts'

const rule = (ok: boolean) => ({ 'p(95)<500': { ok } })

function summaryOf({ met = true, limited = 0 } = {}): Summary {
  return {
    state: { testRunDurationMs: 60_000 },
    metrics: {
      http_reqs: { values: { count: 600, rate: 10 } },
      http_req_duration: { values: { med: 5, 'p(95)': 20, 'p(99)': 40 }, thresholds: rule(met) },
      limited: { values: { count: limited } },
    },
  }
}

const of = (summary: Summary, more: Partial<Parameters<typeof resultOf>[0]> = {}) =>
  resultOf({ scenario: 'load', target: 'here', played: { code: 0, summary, said: '' }, samples: [], ...more })

test('a run in which all holds has no faults', () => {
  const agreements = [{ name: 'applied', counted: 5, unknown: 0, found: 5, agrees: true }]
  expect(faultsOf(of(summaryOf(), { agreements }))).toEqual([])
})

test('a missed threshold, a limit that was met and a database that differs are faults', () => {
  const agreements = [{ name: 'funded', counted: 5, unknown: 1, found: 9, agrees: false }]
  expect(faultsOf(of(summaryOf({ met: false, limited: 3 }), { agreements }))).toEqual([
    'void: 3 calls met a limit (429), which config/load.env should rule out',
    'threshold missed: http_req_duration p(95)<500',
    'the database has 9 of funded, where 5 to 6 were answered',
  ])
})

test('k6 that did not end by itself is a fault', () => {
  const played = { code: 107, summary: summaryOf(), said: '' }
  expect(faultsOf(of(summaryOf(), { played }))).toEqual(['k6 ended with 107'])
})

test('where the end is looked for, it is the best moment at which all were served, and no fault', () => {
  const samples = [sampleOf(2, 100, 20), sampleOf(4, 300, 90), sampleOf(6, 320, 700), sampleOf(8, 150, 30)]
  const result = of(summaryOf({ met: false }), { scenario: 'breakpoint', samples })
  expect(result).toMatchObject({ end: { perSecond: 300, next: { perSecond: 320, p95: 700 } } })
  expect(faultsOf(result)).toEqual([])
})

const sampleOf = (at: number, perSecond: number, p95: number): Sample => ({
  ...{ at, perSecond, p95, shed: 0, waiting: 0, loopDelay: 10 },
  cores: { api: 0.5 },
})
