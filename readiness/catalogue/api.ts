import type { Control } from '../control.ts'

export const api: Control[] = []
