import type { Control } from '../control.ts'

export const operations: Control[] = []
