// How much is made each day, for whoever watches the business: kept for good, in numbers and without people.
import type { Database } from '../../db/client.ts'
import { countDay } from './figures.repository.ts'

export function createFiguresService({ db }: { db: Database }) {
  return { count }

  /** Counts today and yesterday again, in UTC, so that the last hour of a day is in it. Answers those of today. */
  async function count(now = new Date()): Promise<Record<string, number>> {
    const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10)
    return db.transaction(async (tx) => {
      await countDay(tx, dayOf(now.getTime() - 86_400_000))
      return countDay(tx, dayOf(now.getTime()))
    })
  }
}
