import type { Control } from '../control.ts'

export const reliabilityModes: Control[] = []
