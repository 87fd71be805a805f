import type { Control } from '../control.ts'

export const apiTime: Control[] = []
