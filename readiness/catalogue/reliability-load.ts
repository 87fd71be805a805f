import type { Control } from '../control.ts'

export const reliabilityLoad: Control[] = []
