import type { Control } from '../control.ts'
import { reliabilityLosses } from './reliability-losses.ts'
import { reliabilityProcesses } from './reliability-processes.ts'

export const reliability: Control[] = [...reliabilityProcesses, ...reliabilityLosses]
