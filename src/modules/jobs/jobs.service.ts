import type { Database } from '../../db/client.ts'
import type { Actor } from '../../lib/actor.ts'
import { matches, versionDiffers } from '../../lib/etag.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import { distinctSlug, isReserved, slugFrom } from '../../lib/slugs.ts'
import {
  jobAlreadyOpen,
  jobClosed,
  jobNotDeleted,
  jobNotFound,
  jobNotOpen,
  slugReserved,
  slugTaken,
} from './jobs.errors.ts'
import {
  closeOpen,
  findAnyJobOf,
  findJob,
  findSlug,
  insertJob,
  type JobRow,
  keyOf,
  markDeleted,
  openDraft,
  purgeDeleted,
  searchJobs,
  unmarkDeleted,
  updateJob,
} from './jobs.repository.ts'
import type { Job, JobChanges, JobQuery, NewJob, SlugState } from './jobs.schemas.ts'

type Deps = { db: Database; cursors: Cursors }
type Viewer = Actor | undefined

export type JobsService = ReturnType<typeof createJobsService>

export function createJobsService({ db, cursors }: Deps) {
  return { create, get, list, edit, publish, close, remove, restore, slugState, purge }

  async function create(actor: Actor, { budget, slug, skills = [], ...job }: NewJob): Promise<Job> {
    if (slug && isReserved(slug)) throw slugReserved(slug)
    const wanted = { ...job, skills, clientId: actor.id, budgetAmount: budget.amount, budgetCurrency: budget.currency }
    if (slug) {
      const row = await insertJob(db, { ...wanted, slug })
      if (!row) throw slugTaken(slug)
      return toJob(row)
    }
    const plain = slugFrom(job.title)
    const usable = plain.length >= 3 && !isReserved(plain)
    const row = usable ? await insertJob(db, { ...wanted, slug: plain }) : undefined
    return toJob(row ?? (await insertDistinct(wanted, plain)))
  }

  async function insertDistinct(wanted: Omit<Parameters<typeof insertJob>[1], 'slug'>, plain: string): Promise<JobRow> {
    for (;;) {
      const row = await insertJob(db, { ...wanted, slug: distinctSlug(plain) })
      if (row) return row
    }
  }

  async function get(viewer: Viewer, id: string): Promise<Job> {
    const row = await findJob(db, id)
    if (!row || !maySee(viewer, row)) throw jobNotFound(id)
    return toJob(row)
  }

  async function list(viewer: Viewer, query: JobQuery): Promise<Page<Job>> {
    const { cursor, limit, ...filters } = query
    const name = `jobs ${JSON.stringify(filters, Object.keys(filters).sort())}`
    const after = cursors.read(cursor, name)
    const rows = await searchJobs(db, query, { after, viewer, seesDrafts: isStaff(viewer) })
    const { data, page } = cursors.pageOf(rows, limit, name, keyOf(query.sort))
    return { data: data.map(toJob), page }
  }

  async function edit(actor: Actor, id: string, ifMatch: string, { budget, ...changes }: JobChanges): Promise<Job> {
    const job = await getOwn(actor, id)
    if (!matches(ifMatch, job.version)) throw versionDiffers(job.version)
    if (job.status === 'closed') throw jobClosed(id)
    const money = budget && { budgetAmount: budget.amount, budgetCurrency: budget.currency }
    const row = await updateJob(db, id, job.version, { ...changes, ...money })
    if (!row) throw versionDiffers((await getOwn(actor, id)).version)
    return toJob(row)
  }

  async function publish(actor: Actor, id: string): Promise<Job> {
    const row = await openDraft(db, actor.id, id)
    if (row) return toJob(row)
    throw (await getOwn(actor, id)).status === 'closed' ? jobClosed(id) : jobAlreadyOpen(id)
  }

  async function close(actor: Actor, id: string): Promise<Job> {
    const row = await closeOpen(db, actor.id, id)
    if (row) return toJob(row)
    throw (await getOwn(actor, id)).status === 'closed' ? jobClosed(id) : jobNotOpen(id)
  }

  async function remove(actor: Actor, id: string): Promise<void> {
    if (!(await markDeleted(db, actor.id, id))) throw jobNotFound(id)
  }

  async function restore(actor: Actor, id: string): Promise<Job> {
    const row = await unmarkDeleted(db, actor.id, id)
    if (row) return toJob(row)
    throw (await findAnyJobOf(db, actor.id, id)) ? jobNotDeleted(id) : jobNotFound(id)
  }

  async function slugState(slug: string): Promise<SlugState> {
    if (isReserved(slug)) return { slug, available: false, reason: 'reserved', jobId: null }
    const taken = await findSlug(db, slug)
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

  async function getOwn(actor: Actor, id: string): Promise<JobRow> {
    const row = await findAnyJobOf(db, actor.id, id)
    if (!row || row.deletedAt) throw jobNotFound(id)
    return row
  }
}

const isStaff = (viewer: Viewer) => viewer?.role === 'admin' || viewer?.role === 'support'

const maySee = (viewer: Viewer, job: JobRow) => job.status !== 'draft' || job.clientId === viewer?.id || isStaff(viewer)

function toJob({ budgetAmount, budgetCurrency, deletedAt: _, listedAt: __, ...job }: JobRow): Job {
  return { ...job, budget: { amount: budgetAmount, currency: budgetCurrency as Job['budget']['currency'] } }
}
