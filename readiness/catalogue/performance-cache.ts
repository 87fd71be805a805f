import type { Control } from '../control.ts'

export const performanceCache: Control[] = []
