// What a queue of a test is watched by: traces that lead nowhere, metrics that nobody reads, and limits that none of its jobs meets.
import { createMetrics } from '../src/lib/metrics.ts'
import { createQueueMetrics } from '../src/lib/queue-metrics.ts'
import { openTracing } from '../src/lib/tracing.ts'

export const { begin } = await openTracing({
  ...{ endpoint: undefined, ratio: 0 },
  ...{ service: 'test', version: '0', deployment: 'test' },
})

const limits = { job: 60_000, schedule: 60_000 }

export const watched = () => ({ begin, metrics: createQueueMetrics(createMetrics()), limits })
