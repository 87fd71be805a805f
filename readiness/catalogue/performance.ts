import type { Control } from '../control.ts'
import { performanceCache } from './performance-cache.ts'
import { performanceQueries } from './performance-queries.ts'

export const performance: Control[] = [...performanceCache, ...performanceQueries]
