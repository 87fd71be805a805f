import { hash } from 'node:crypto'
import type { Database, Tx } from '../../db/client.ts'
import { runOnce } from '../../db/once.ts'
import type { Reads } from '../../db/reads.ts'
import { type Actor, isStaff } from '../../lib/actor.ts'
import { matches, versionDiffers } from '../../lib/etag.ts'
import type { Once } from '../../lib/once.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import { distinctSlug, isReserved, slugFrom } from '../../lib/slugs.ts'
import type { Audit } from '../audit/audit.service.ts'
import {
  budgetFixed,
  jobAlreadyOpen,
  jobClosed,
  jobNotDeleted,
  jobNotFound,
  jobNotOpen,
  jobUnderContract,
  slugReserved,
  slugTaken,
} from './jobs.errors.ts'
import {
  closeOpen,
  findAnyJob,
  findAnyJobOf,
  findJob,
  findSlug,
  insertJob,
  type JobRow,
  keyOf,
  lockJob,
  markDeleted,
  openDraft,
  purgeDeleted,
  searchJobs,
  unmarkDeleted,
  updateJob,
} from './jobs.repository.ts'
import type { Job, JobChanges, JobQuery, NewJob, SlugState } from './jobs.schemas.ts'

type Deps = {
  db: Database
  reads: Pick<Reads, 'newest'>
  cursors: Cursors
  audit: Audit
  /** Drops what the cache has under these tags. */
  forget: (tags: string[]) => Promise<void>
}
type Viewer = Actor | undefined
type Wanted = Omit<Parameters<typeof insertJob>[1], 'slug'>

/** What cached answers about jobs are forgotten by. */
export const jobTags = {
  list: 'jobs',
  one: (id = '') => `job:${id}`,
  // Hashed: tags are keys in Redis, where the words of someone who is erased would stay.
  slug: (slug = '') => `slug:${hash('sha256', slug, 'base64url').slice(0, 22)}`,
}

export type JobsService = ReturnType<typeof createJobsService>

export function createJobsService({ db, reads, cursors, audit, forget }: Deps) {
  return {
    create,
    get,
    list,
    edit,
    publish,
    close,
    remove,
    restore,
    slugState,
    purge,
    holdOpen,
    fill,
    getAny,
    getManaged,
    forgetAnswers,
  }

  async function create(actor: Actor, { budget, slug, skills = [], ...job }: NewJob, once?: Once): Promise<Job> {
    const created = await runOnce(db, once, async (tx) => {
      const wanted = {
        ...job,
        skills,
        clientId: actor.id,
        budgetAmount: budget.amount,
        budgetCurrency: budget.currency,
      }
      const row = slug ? await insertAs(tx, slug, wanted) : await insertUnderTitle(tx, wanted)
      await audit(tx, actor, 'job.created', row.id, { after: contentOf(row) })
      return toJob(row)
    })
    return forgetAnswers(created)
  }

  /** To be called once a change of the job is committed. */
  async function forgetAnswers<T extends { id: string; slug?: string }>(job: T): Promise<T> {
    await forget([jobTags.list, jobTags.one(job.id), ...(job.slug ? [jobTags.slug(job.slug)] : [])])
    return job
  }

  async function insertAs(tx: Tx, slug: string, wanted: Wanted): Promise<JobRow> {
    if (isReserved(slug)) throw slugReserved(slug)
    const row = await insertJob(tx, { ...wanted, slug })
    if (!row) throw slugTaken(slug)
    return row
  }

  async function insertUnderTitle(tx: Tx, wanted: Wanted): Promise<JobRow> {
    const plain = slugFrom(wanted.title)
    const usable = plain.length >= 3 && !isReserved(plain)
    let row = usable ? await insertJob(tx, { ...wanted, slug: plain }) : undefined
    while (!row) row = await insertJob(tx, { ...wanted, slug: distinctSlug(plain) })
    return row
  }

  async function get(viewer: Viewer, id: string): Promise<Job> {
    const row = await findJob(reads.newest, id)
    if (!row || !maySee(viewer, row)) throw jobNotFound(id)
    return toJob(row)
  }

  async function list(viewer: Viewer, query: JobQuery): Promise<Page<Job>> {
    const { cursor, limit, ...filters } = query
    const name = `jobs ${JSON.stringify(filters, Object.keys(filters).sort())}`
    const after = cursors.read(cursor, name)
    const rows = await searchJobs(reads.newest, query, { after, viewer, seesDrafts: isStaff(viewer) })
    const { data, page } = cursors.pageOf(rows, limit, name, keyOf(query.sort))
    return { data: data.map(toJob), page }
  }

  async function edit(actor: Actor, id: string, ifMatch: string, { budget, ...changes }: JobChanges): Promise<Job> {
    const edited = await db.transaction(async (tx) => {
      const job = await getOwn(tx, actor, id)
      if (!matches(ifMatch, job.version)) throw versionDiffers(job.version)
      if (job.status === 'closed') throw jobClosed(id)
      if (budget && job.status === 'open') throw budgetFixed(id)
      const money = budget && { budgetAmount: budget.amount, budgetCurrency: budget.currency }
      const row = await updateJob(tx, id, job.version, { ...changes, ...money })
      if (!row) throw versionDiffers((await getOwn(tx, actor, id)).version)
      await audit(tx, actor, 'job.edited', id, { before: contentOf(job), after: contentOf(row) })
      return toJob(row)
    })
    return forgetAnswers(edited)
  }

  async function publish(actor: Actor, id: string, once?: Once): Promise<Job> {
    const job = await runOnce(db, once, async (tx) => {
      const row = await openDraft(tx, actor.id, id)
      if (!row) throw (await getOwn(tx, actor, id)).status === 'closed' ? jobClosed(id) : jobAlreadyOpen(id)
      await audit(tx, actor, 'job.published', id, { before: { status: 'draft' }, after: { status: 'open' } })
      return toJob(row)
    })
    return forgetAnswers(job)
  }

  async function close(actor: Actor, id: string): Promise<Job> {
    const job = await db.transaction(async (tx) => {
      const row = await closeOpen(tx, actor.id, id)
      if (!row) throw (await getOwn(tx, actor, id)).status === 'closed' ? jobClosed(id) : jobNotOpen(id)
      await audit(tx, actor, 'job.closed', id, { before: { status: 'open' }, after: { status: 'closed' } })
      return toJob(row)
    })
    return forgetAnswers(job)
  }

  async function remove(actor: Actor, id: string): Promise<void> {
    const deleted = await db.transaction(async (tx) => {
      // An acceptance may be under way: its contract is seen only by a statement that begins after it.
      await lockJob(tx, id, 'update')
      const row = await markDeleted(tx, actor.id, id)
      if (!row) throw jobUnderContract((await getOwn(tx, actor, id)).id)
      await audit(tx, actor, 'job.deleted', id, { before: { isDeleted: false }, after: { isDeleted: true } })
      return row
    })
    await forgetAnswers(deleted)
  }

  async function restore(actor: Actor, id: string, once?: Once): Promise<Job> {
    const job = await runOnce(db, once, async (tx) => {
      const row = await unmarkDeleted(tx, actor.id, id)
      if (!row) throw (await findAnyJobOf(tx, actor.id, id)) ? jobNotDeleted(id) : jobNotFound(id)
      await audit(tx, actor, 'job.restored', id, { before: { isDeleted: true }, after: { isDeleted: false } })
      return toJob(row)
    })
    return forgetAnswers(job)
  }

  async function slugState(slug: string): Promise<SlugState> {
    if (isReserved(slug)) return { slug, available: false, reason: 'reserved', jobId: null }
    const taken = await findSlug(reads.newest, slug)
    if (!taken) return { slug, available: true, reason: null, jobId: null }
    const visible = taken.status !== 'draft' && !taken.deletedAt
    return { slug, available: false, reason: 'taken', jobId: visible ? taken.id : null }
  }

  /** Removes for good the jobs that were deleted more than `days` ago; answers how many. Safe to run twice at once. */
  async function purge(days: number): Promise<number> {
    const batch = 1000
    let purged = 0
    for (let last = batch; last === batch; purged += last) last = await purgeDeleted(db, days, batch)
    return purged
  }

  /** An open job that stays open until the transaction ends; `update` lets one transaction at a time have it. */
  async function holdOpen(tx: Tx, id: string, strength: 'share' | 'update'): Promise<JobRow> {
    const row = await lockJob(tx, id, strength)
    if (!row || row.status === 'draft') throw jobNotFound(id)
    if (row.status === 'closed') throw jobClosed(id)
    return row
  }

  /** Closes a job because someone was chosen for it; the row of that choice in the audit trail says so. */
  async function fill(tx: Tx, actor: Actor, id: string): Promise<void> {
    await closeOpen(tx, actor.id, id)
  }

  /** A job whose id is known to be one; it may be deleted by now. */
  async function getAny(tx: Tx, id: string): Promise<JobRow> {
    const row = await findAnyJob(tx, id)
    if (!row) throw jobNotFound(id)
    return row
  }

  /** For its client and for staff; to everyone else it does not exist. */
  async function getManaged(actor: Actor, id: string): Promise<JobRow> {
    const row = isStaff(actor) ? await findJob(reads.newest, id) : await getOwn(reads.newest, actor, id)
    if (!row) throw jobNotFound(id)
    return row
  }

  async function getOwn(tx: Tx, actor: Actor, id: string): Promise<JobRow> {
    const row = await findAnyJobOf(tx, actor.id, id)
    if (!row || row.deletedAt) throw jobNotFound(id)
    return row
  }
}

const maySee = (viewer: Viewer, job: JobRow) => job.status !== 'draft' || job.clientId === viewer?.id || isStaff(viewer)

const contentOf = ({ title, description, category, skills, slug, budgetAmount, budgetCurrency, status }: JobRow) => ({
  ...{ title, description, category, skills, slug, budgetAmount, budgetCurrency, status },
})

function toJob({ budgetAmount, budgetCurrency, deletedAt: _, listedAt: __, ...job }: JobRow): Job {
  return { ...job, budget: { amount: budgetAmount, currency: budgetCurrency as Job['budget']['currency'] } }
}
