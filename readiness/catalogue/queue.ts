import type { Control } from '../control.ts'

export const queue: Control[] = []
