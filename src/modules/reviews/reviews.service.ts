// Both sides review each other, blind: what the other wrote is seen once both are in, or when it is too late for one's own.
import type { Database } from '../../db/client.ts'
import { runOnce } from '../../db/once.ts'
import { outbox } from '../../db/outbox.ts'
import type { Reads } from '../../db/reads.ts'
import { type Actor, isStaff } from '../../lib/actor.ts'
import type { Once } from '../../lib/once.ts'
import type { Cursors } from '../../lib/page.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { ContractsService } from '../contracts/contracts.service.ts'
import type { JobsService } from '../jobs/jobs.service.ts'
import { alreadyReviewed, notReviewable, reviewsClosed, userNotFound } from './reviews.errors.ts'
import { insertReview, listOfContract, listOfSubject, openBoth, summarise } from './reviews.repository.ts'
import type { ContractReviews, NewReview, Review, ReviewPage, ReviewQuery } from './reviews.schemas.ts'

type Deps = {
  db: Database
  reads: Reads
  cursors: Cursors
  audit: Audit
  contracts: Pick<ContractsService, 'get' | 'hold'>
  jobs: Pick<JobsService, 'getAny'>
}

/** The states of a contract in which it was worked for, and money was paid or shared. */
const reviewable: readonly string[] = ['released', 'resolved']
/** Days after the end of a contract in which it can be reviewed, and one side's review waits for the other's. */
const blindDays = 14

export type ReviewsService = ReturnType<typeof createReviewsService>

export function createReviewsService({ db, reads, cursors, audit, contracts, jobs }: Deps) {
  return { give, listForContract, listForUser }

  /** Whoever waits for the contract here finds what the other side gave meanwhile: the second of two at once opens both. */
  async function give(actor: Actor, contractId: string, { rating, text }: NewReview, once?: Once): Promise<Review> {
    return runOnce(db, once, async (tx) => {
      const { status, clientId, workerId, jobId, endedAt } = await contracts.hold(tx, contractId, actor)
      if (!reviewable.includes(status)) throw notReviewable(status, reviewable)
      const by = actor.id === clientId ? 'client' : 'worker'
      const subjectId = by === 'client' ? workerId : clientId
      const row = { contractId, authorId: actor.id, subjectId, rating, text }
      const made = await insertReview(tx, row, endedAt, blindDays)
      if (!made) throw alreadyReviewed(contractId)
      const { isLate, ...review } = made
      if (isLate) throw reviewsClosed(blindDays)
      const openSince = await openBoth(tx, contractId)
      await audit(tx, actor, 'review.given', review.id, { after: { contractId, subjectId, rating, text } })
      const { title: jobTitle } = await jobs.getAny(tx, jobId)
      const facts = { contractId, jobId, jobTitle, clientId, workerId, subjectId }
      await outbox(tx, openSince ? 'review.answered' : 'review.given', `contract:${contractId}`, facts, actor)
      return { ...review, by, visibleAt: openSince ?? review.visibleAt }
    })
  }

  /** For the parties, who see their own at once, and staff, who see all. */
  async function listForContract(actor: Actor, contractId: string): Promise<ContractReviews> {
    await contracts.get(actor, contractId)
    return { data: await listOfContract(reads.newest, contractId, isStaff(actor) ? undefined : actor.id) }
  }

  /** For everybody: what can be seen of what others say of someone. Nobody is shown whose account is erased. */
  async function listForUser(
    viewer: Actor | undefined,
    id: string,
    { cursor, limit }: ReviewQuery,
  ): Promise<ReviewPage> {
    const name = `reviews ${id}`
    const after = cursors.read(cursor, name)
    const db = reads.recent(viewer)
    const summary = await summarise(db, id)
    if (!summary) throw userNotFound(id)
    const rows = await listOfSubject(db, id, { limit, after })
    return { ...cursors.pageOf(rows, limit, name, ({ visibleAt, id }) => [visibleAt, id]), summary }
  }
}
