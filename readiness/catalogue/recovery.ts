import type { Control } from '../control.ts'
import { recoveryLogical } from './recovery-logical.ts'
import { recoveryLosses } from './recovery-losses.ts'
import { recoveryPhysical } from './recovery-physical.ts'
import { recoveryRunbook } from './recovery-runbook.ts'

export const recovery: Control[] = [...recoveryLogical, ...recoveryPhysical, ...recoveryLosses, recoveryRunbook]
