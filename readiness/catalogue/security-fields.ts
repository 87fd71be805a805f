import type { Control } from '../control.ts'

export const securityFields: Control[] = []
