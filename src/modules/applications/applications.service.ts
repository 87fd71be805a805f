import type { Database, Tx } from '../../db/client.ts'
import { runOnce } from '../../db/once.ts'
import { outbox } from '../../db/outbox.ts'
import type { Reads } from '../../db/reads.ts'
import { type Actor, isStaff } from '../../lib/actor.ts'
import type { Once } from '../../lib/once.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { ContractsService } from '../contracts/contracts.service.ts'
import type { JobsService } from '../jobs/jobs.service.ts'
import { alreadyApplied, applicationNotFound, applicationSettled } from './applications.errors.ts'
import {
  type ApplicationRow,
  findApplication,
  insertApplication,
  listByJob,
  listByWorker,
  rejectOthers,
  settle,
} from './applications.repository.ts'
import type { Application, ApplicationQuery, NewApplication } from './applications.schemas.ts'

type Deps = {
  db: Database
  reads: Reads
  cursors: Cursors
  audit: Audit
  jobs: JobsService
  contracts: ContractsService
}
type Contract = Awaited<ReturnType<ContractsService['make']>>
type Facts = { jobId: string; jobTitle: string; clientId: string; applicationId: string; workerId: string }

export type ApplicationsService = ReturnType<typeof createApplicationsService>

export function createApplicationsService({ db, reads, cursors, audit, jobs, contracts }: Deps) {
  return { apply, listForJob, listOwn, get, withdraw, accept }

  async function apply(
    actor: Actor,
    jobId: string,
    { coverLetter }: NewApplication,
    once?: Once,
  ): Promise<Application> {
    return runOnce(db, once, async (tx) => {
      // The job stays open until this commits: closing it waits for the lock.
      const job = await jobs.holdOpen(tx, jobId, 'share')
      const row = await insertApplication(tx, { jobId, workerId: actor.id, coverLetter })
      if (!row) throw alreadyApplied(jobId)
      await audit(tx, actor, 'application.submitted', row.id, { after: { jobId, coverLetter, status: row.status } })
      await outbox(tx, 'application.submitted', aggregateOf(row), factsOf(row, job), actor)
      return row
    })
  }

  async function listForJob(
    actor: Actor,
    jobId: string,
    { cursor, limit }: ApplicationQuery,
  ): Promise<Page<Application>> {
    await jobs.getManaged(actor, jobId)
    const name = `applications of job ${jobId}`
    const rows = await listByJob(reads.recent(actor), jobId, { limit, after: cursors.read(cursor, name) })
    return cursors.pageOf(rows, limit, name, keyOf)
  }

  async function listOwn(actor: Actor, { cursor, limit }: ApplicationQuery): Promise<Page<Application>> {
    const name = `applications of worker ${actor.id}`
    const rows = await listByWorker(reads.recent(actor), actor.id, { limit, after: cursors.read(cursor, name) })
    return cursors.pageOf(rows, limit, name, keyOf)
  }

  async function get(actor: Actor, id: string): Promise<Application> {
    const row = await getSeen(reads.newest, actor, id)
    return row
  }

  async function withdraw(actor: Actor, id: string): Promise<Application> {
    return db.transaction(async (tx) => {
      const found = await findApplication(tx, id)
      if (!found || found.workerId !== actor.id) throw applicationNotFound(id)
      const row = await settle(tx, id, 'withdrawn')
      if (!row) throw applicationSettled(id, (await getSeen(tx, actor, id)).status)
      await audit(tx, actor, 'application.withdrawn', id, {
        before: { status: found.status },
        after: { status: row.status },
      })
      await outbox(tx, 'application.withdrawn', aggregateOf(row), factsOf(row, await jobs.getAny(tx, row.jobId)), actor)
      return row
    })
  }

  /** Makes the contract, closes the job and rejects the other applications: all of it, or nothing. */
  async function accept(actor: Actor, id: string, once?: Once): Promise<Contract> {
    const made = await runOnce(db, once, async (tx) => {
      const found = await findApplication(tx, id)
      if (!found || (await jobs.getAny(tx, found.jobId)).clientId !== actor.id) throw applicationNotFound(id)
      // Whoever accepts for the same job waits here, then finds it closed.
      const job = await jobs.holdOpen(tx, found.jobId, 'update')
      const row = await settle(tx, id, 'accepted')
      if (!row) throw applicationSettled(id, (await findApplication(tx, id))?.status ?? 'gone')
      const terms = { jobId: job.id, applicationId: id, clientId: actor.id, workerId: row.workerId }
      const contract = await contracts.make(tx, { ...terms, amount: job.budgetAmount, currency: job.budgetCurrency })
      await jobs.fill(tx, actor, job.id)
      const agreed = { contractId: contract.id, jobId: job.id, workerId: row.workerId, ...contract.price }
      await audit(tx, actor, 'application.accepted', id, {
        before: { status: found.status, jobStatus: job.status },
        after: { status: row.status, jobStatus: 'closed', ...agreed },
      })
      await outbox(
        tx,
        'application.accepted',
        aggregateOf(row),
        { ...factsOf(row, job), contractId: contract.id },
        actor,
      )
      for (const other of await rejectOthers(tx, job.id)) {
        await outbox(tx, 'application.rejected', aggregateOf(other), factsOf(other, job), actor)
      }
      return contract
    })
    await jobs.forgetAnswers({ id: made.jobId })
    return made
  }

  async function getSeen(tx: Tx, actor: Actor, id: string): Promise<ApplicationRow> {
    const row = await findApplication(tx, id)
    if (!row) throw applicationNotFound(id)
    const may = isStaff(actor) || row.workerId === actor.id || (await jobs.getAny(tx, row.jobId)).clientId === actor.id
    if (!may) throw applicationNotFound(id)
    return row
  }
}

const aggregateOf = ({ id }: ApplicationRow) => `application:${id}`

const keyOf = ({ createdAt, id }: ApplicationRow) => [createdAt, id]

function factsOf(row: ApplicationRow, job: { title: string; clientId: string }): Facts {
  return {
    applicationId: row.id,
    jobId: row.jobId,
    jobTitle: job.title,
    clientId: job.clientId,
    workerId: row.workerId,
  }
}
