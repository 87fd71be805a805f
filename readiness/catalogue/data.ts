import type { Control } from '../control.ts'
import { dataChanges } from './data-changes.ts'
import { dataPrivacy } from './data-privacy.ts'
import { dataSchema } from './data-schema.ts'

export const data: Control[] = [...dataSchema, ...dataChanges, ...dataPrivacy]
