// Erasure (article 17 of the GDPR): takes the person out, and leaves what others and the law need. docs/privacy.md lists it table by table.
import { randomBytes } from 'node:crypto'
import type { Database, Tx } from '../../db/client.ts'
import { handleOnce, wasHandled } from '../../db/inbox.ts'
import { outbox } from '../../db/outbox.ts'
import type { Actor } from '../../lib/actor.ts'
import type { EventPayload } from '../../lib/events.schemas.ts'
import type { Passwords } from '../../lib/passwords.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import type { UsersService } from '../admin/users.service.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { SessionsService } from '../identity/sessions.service.ts'
import type { JobsService } from '../jobs/jobs.service.ts'
import type { UploadsService } from '../uploads/uploads.service.ts'
import { accountGone, stillBound } from './erasures.errors.ts'
import {
  countRunningContracts,
  deleteAnswers,
  deleteOwn,
  emptyApplications,
  emptyDisputes,
  emptyErrors,
  emptyJobs,
  emptyReviews,
  emptySessions,
  emptyTidings,
  findPerson,
  type Gone,
  holdPerson,
  listCurrenciesOwned,
  listErased,
  type Person,
  pseudonymise,
} from './erasures.repository.ts'
import type { Erasure } from './erasures.schemas.ts'

type Deps = {
  db: Database
  audit: Audit
  /** Destroys the key of what the audit trail holds of a person. */
  forgetPerson: (tx: Tx, userId: string) => Promise<void>
  passwords: Pick<Passwords, 'hash'>
  /** Throws unless the proof is that of the person; answers what uses it up, in the transaction of the erasure. */
  prove: (person: Person, proof: Erasure, actor: Actor) => Promise<(tx: Tx) => Promise<void>>
  sessions: Pick<SessionsService, 'endAll'>
  users: Pick<UsersService, 'isLastAdmin'>
  jobs: Pick<JobsService, 'forgetAnswers'>
  uploads: Pick<UploadsService, 'removeAll'>
  security: SecurityLog
}

export type ErasuresService = ReturnType<typeof createErasuresService>

export function createErasuresService(deps: Deps) {
  const { db, audit, forgetPerson, passwords, prove, sessions, users, jobs, uploads, security } = deps
  return { erase, sweep, erasedFromQueues }

  /**
   * All of it at once, or nothing. Throws OBLIGATIONS_OPEN (409) while contracts run, and for the last admin. What is written to the
   * outbox lets a worker take the person out of the queues.
   */
  async function erase(actor: Actor, proof: Erasure): Promise<void> {
    const person = await findPerson(db, actor.id)
    if (!person) throw accountGone()
    const useProof = await prove(person, proof, actor)
    const nobodys = await passwords.hash(randomBytes(32).toString('base64url'))
    const gone = await db.transaction(async (tx) => {
      const isLastAdmin = person.role === 'admin' && (await users.isLastAdmin(tx, person.id))
      const held = await holdPerson(tx, person.id)
      if (!held) throw accountGone()
      await useProof(tx)
      const emptied = await empty(tx, held)
      // Asked last: an acceptance under way has ended by now, or finds the application withdrawn or the job closed.
      await refuseWhileBound(tx, held, isLastAdmin)
      await sessions.endAll(tx, held.id, 'erased')
      await emptySessions(tx, held.id)
      await audit(tx, actor, 'user.erased', held.id)
      await pseudonymise(tx, held.id, nobodys)
      await forgetPerson(tx, held.id)
      await outbox(tx, 'user.erased', `user:${held.id}`, { userId: held.id }, actor)
      return emptied
    })
    for (const job of gone) await jobs.forgetAnswers(job)
    security('user.erased', actor)
  }

  async function refuseWhileBound(tx: Tx, { id }: Person, isLastAdmin: boolean): Promise<void> {
    const running = await countRunningContracts(tx, id)
    const currencies = await listCurrenciesOwned(tx, id)
    const reasons = [
      running > 0 && `Contracts that you are a party of are still running: ${running}.`,
      currencies.length > 0 && `There is money of yours here, in ${currencies.join(', ')}: pay it out first.`,
      isLastAdmin && 'You are the last admin: make another one first.',
    ].filter((reason) => reason !== false)
    if (reasons.length > 0) throw stillBound(reasons)
  }

  /**
   * Once more for those who were erased in the last days: a request that another replica had let in a moment before may have written
   * after them. Made for the purge; answers how many people it looked at.
   */
  async function sweep(): Promise<number> {
    const ids = await listErased(db, 2)
    for (const id of ids) {
      const gone = await db.transaction(async (tx) => {
        await emptySessions(tx, id)
        return empty(tx, { id })
      })
      for (const job of gone) await jobs.forgetAnswers(job)
    }
    return ids.length
  }

  /** The worker's part: `forget` takes ended jobs that mention the person out of the queues. */
  async function erasedFromQueues(
    event: { id: string },
    { userId }: EventPayload<'user.erased'>,
    forget: (word: string) => Promise<void>,
  ): Promise<void> {
    if (!(await wasHandled(db, 'erasures', event.id))) await forget(userId)
    await handleOnce(db, 'erasures', event.id, async () => {})
  }

  async function empty(tx: Tx, { id, email }: { id: string; email?: string }): Promise<Gone[]> {
    await emptyApplications(tx, id)
    const gone = await emptyJobs(tx, id)
    const jobIds = gone.map((job) => job.id)
    await emptyTidings(tx, jobIds)
    await emptyReviews(tx, id)
    await emptyDisputes(tx, id)
    if (email) await emptyErrors(tx, email)
    await deleteAnswers(tx, id)
    await deleteOwn(tx, id)
    await uploads.removeAll(tx, id)
    return gone
  }
}
