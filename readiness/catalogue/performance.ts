import type { Control } from '../control.ts'
import { timedSeen } from './observability-metrics.ts'
import { performanceCache } from './performance-cache.ts'
import { performanceQueries } from './performance-queries.ts'

export const performance: Control[] = [...performanceCache, ...performanceQueries, timedSeen]
