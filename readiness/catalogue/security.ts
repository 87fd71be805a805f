import type { Control } from '../control.ts'

export const security: Control[] = []
