import { inject } from 'vitest'
import { copyDatabase, type ScratchDatabase } from '../tools/scratch-databases.ts'

/** A database of one's own, a copy of the migrated template. The suite drops it at its end. */
export function createTestDatabase(): Promise<ScratchDatabase> {
  return copyDatabase(inject('template'))
}
