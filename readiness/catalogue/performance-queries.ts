import type { Control } from '../control.ts'

export const performanceQueries: Control[] = []
