import type { Control } from '../control.ts'

export const readiness: Control[] = []
