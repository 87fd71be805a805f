import type { Control } from '../control.ts'

export const observability: Control[] = []
