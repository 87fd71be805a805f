// Jobs that nobody closed: what was open for long is stale, and answers no one who applies.
import type { Database } from '../../db/client.ts'
import type { Audit } from '../audit/audit.service.ts'
import { closeOld } from './jobs.repository.ts'
import type { JobsService } from './jobs.service.ts'

type Deps = { db: Database; audit: Audit; jobs: Pick<JobsService, 'forgetAnswers'> }

const batch = 100

export function createExpiryService({ db, audit, jobs }: Deps) {
  return { expire }

  /** Closes jobs that were published more than `days` ago, as the system; answers how many. Safe to run twice at once. */
  async function expire(days: number): Promise<number> {
    let closed = 0
    for (let last = batch; last === batch; closed += last) {
      const rows = await db.transaction(async (tx) => {
        const old = await closeOld(tx, days, batch)
        const change = { before: { status: 'open' }, after: { status: 'closed', because: 'expired' } }
        for (const { id } of old) await audit(tx, {}, 'job.closed', id, change)
        return old
      })
      for (const row of rows) await jobs.forgetAnswers(row)
      last = rows.length
    }
    return closed
  }
}
