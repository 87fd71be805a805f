import type { Control } from '../control.ts'
import { dataChanges } from './data-changes.ts'
import { dataEvents } from './data-events.ts'
import { dataMigrations } from './data-migrations.ts'
import { dataMoney } from './data-money.ts'
import { dataPrivacy } from './data-privacy.ts'
import { dataSchema } from './data-schema.ts'

export const data: Control[] = [
  ...dataSchema,
  ...dataMigrations,
  ...dataChanges,
  ...dataMoney,
  ...dataPrivacy,
  ...dataEvents,
]
