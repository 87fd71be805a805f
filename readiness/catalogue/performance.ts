import type { Control } from '../control.ts'
import { timedSeen } from './observability-metrics.ts'
import { performanceCache } from './performance-cache.ts'
import { performanceCrowd } from './performance-crowd.ts'
import { performanceEdge } from './performance-edge.ts'
import { performanceLoad } from './performance-load.ts'
import { performancePlans } from './performance-plans.ts'
import { performanceQueries } from './performance-queries.ts'

export const performance: Control[] = [
  ...performanceCache,
  ...performanceQueries,
  ...performancePlans,
  ...performanceEdge,
  ...performanceLoad,
  ...performanceCrowd,
  timedSeen,
]
