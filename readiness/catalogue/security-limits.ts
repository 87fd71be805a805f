import type { Control } from '../control.ts'

export const securityLimits: Control[] = []
