import { expect, test } from 'vitest'
import { resultOf } from '../load/result.ts'
import { blocks } from './blocks.ts'

const summary = {
  state: { testRunDurationMs: 60_000 },
  metrics: {
    http_reqs: { values: { count: 600, rate: 10 } },
    http_req_duration: { values: { med: 100, 'p(95)': 200 } },
  },
}
const sample = { at: 2, perSecond: 10, p95: 200, shed: 0, waiting: 0, loopDelay: 10, cores: { api: 0.5 } }
const load = resultOf({
  ...{ scenario: 'load' as const, target: 'here', played: { code: 0, summary, said: '' }, samples: [sample] },
  used: { cpu: { api: 1.8, worker: 0.3, postgres: 0.6, redis: 0.06 }, answered: 600 },
})

test('what was not measured is said to be so, and nothing is computed of it', () => {
  expect(blocks.measured?.(new Map())).toContain('| load | 200 | not measured |')
  for (const name of ['end', 'costs']) expect(blocks[name]?.(new Map())).toContain('Not measured')
  expect(blocks.plan?.(new Map())).toContain('Not computed')
})

test('what was measured stands in the tables', () => {
  const results = new Map([['load', load]])
  expect(blocks.measured?.(results)).toContain('| load | 200 | 10.0 | 100 ms | 200 ms |')
  expect(blocks.costs?.(results)).toContain('| api | 3 ms |')
})

test('replicas and connections follow from cost and demand', () => {
  // 1,000 a second at 3 ms are 3 cores, 5 at six tenths; 100 ms each are 100 connections in use.
  expect(blocks.plan?.(new Map([['load', load]]))).toMatch(/^\| 1000 \| 5 \| 2 \| 2 \| 1 \| 100 \| 40 \|$/m)
})
