import type { Control } from '../control.ts'

export const data: Control[] = []
