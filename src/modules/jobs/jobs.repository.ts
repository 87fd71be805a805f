import type { Readable, Tx } from '../../db/client.ts'
import { and, asc, desc, eq, getTableColumns, gte, isNotNull, isNull, lte, type SQL, sql } from '../../db/drizzle.ts'
import { contracts, jobs } from '../../db/tables.ts'
import type { JobQuery } from './jobs.schemas.ts'

const { search: _, ...columns } = getTableColumns(jobs)

export type JobRow = Omit<typeof jobs.$inferSelect, 'search'>
type NewRow = Pick<
  JobRow,
  'clientId' | 'slug' | 'title' | 'description' | 'category' | 'skills' | 'budgetAmount' | 'budgetCurrency'
>
type Changes = Partial<Omit<NewRow, 'clientId' | 'slug'>>
type Key = (string | number)[]

const alive = isNull(jobs.deletedAt)
const withoutContract = sql`NOT EXISTS (SELECT FROM ${contracts} WHERE ${contracts.jobId} = ${jobs.id})`
const nextVersion = { version: sql`${jobs.version} + 1`, updatedAt: sql`now()` }

/** Undefined when the slug is taken. */
export async function insertJob(db: Tx, job: NewRow): Promise<JobRow | undefined> {
  const [row] = await db.insert(jobs).values(job).onConflictDoNothing({ target: jobs.slug }).returning(columns)
  return row
}

export async function findJob(db: Tx, id: string): Promise<JobRow | undefined> {
  const [row] = await db
    .select(columns)
    .from(jobs)
    .where(and(eq(jobs.id, id), alive))
  return row
}

/** Deleted ones included. */
export async function findAnyJob(db: Tx, id: string): Promise<JobRow | undefined> {
  const [row] = await db.select(columns).from(jobs).where(eq(jobs.id, id))
  return row
}

/** Holds a job until the transaction ends: `share` keeps it from changing, `update` keeps others from holding it too. */
export async function lockJob(tx: Tx, id: string, strength: 'share' | 'update'): Promise<JobRow | undefined> {
  const [row] = await tx
    .select(columns)
    .from(jobs)
    .where(and(eq(jobs.id, id), alive))
    .for(strength)
  return row
}

/** Deleted ones included. */
export async function findAnyJobOf(db: Tx, clientId: string, id: string): Promise<JobRow | undefined> {
  const [row] = await db
    .select(columns)
    .from(jobs)
    .where(and(eq(jobs.id, id), eq(jobs.clientId, clientId)))
  return row
}

export async function findSlug(db: Tx, slug: string) {
  const [row] = await db
    .select({ id: jobs.id, status: jobs.status, deletedAt: jobs.deletedAt })
    .from(jobs)
    .where(eq(jobs.slug, slug))
  return row
}

/** Undefined when the version is no longer that. */
export async function updateJob(db: Tx, id: string, version: number, changes: Changes): Promise<JobRow | undefined> {
  return one(
    db
      .update(jobs)
      .set({ ...changes, ...nextVersion })
      .where(and(eq(jobs.id, id), eq(jobs.version, version), alive))
      .returning(columns),
  )
}

/** Undefined unless it is a draft of this client. */
export async function openDraft(db: Tx, clientId: string, id: string): Promise<JobRow | undefined> {
  const draft = and(eq(jobs.id, id), eq(jobs.clientId, clientId), eq(jobs.status, 'draft'), alive)
  return one(
    db
      .update(jobs)
      .set({ status: 'open', publishedAt: sql`now()`, ...nextVersion })
      .where(draft)
      .returning(columns),
  )
}

/** Closes jobs that were published more than `days` ago, at most `batch` at once, passing over what someone else is changing. */
export async function closeOld(tx: Tx, days: number, batch: number): Promise<JobRow[]> {
  const old = sql`
    SELECT id FROM ${jobs}
    WHERE status = 'open' AND deleted_at IS NULL AND published_at < now() - make_interval(days => ${days})
    LIMIT ${batch} FOR UPDATE SKIP LOCKED`
  return tx
    .update(jobs)
    .set({ status: 'closed', closedAt: sql`now()`, ...nextVersion })
    .where(sql`${jobs.id} IN (WITH old AS MATERIALIZED (${old}) SELECT id FROM old)`)
    .returning(columns)
}

/** Undefined unless it is an open job of this client. */
export async function closeOpen(db: Tx, clientId: string, id: string): Promise<JobRow | undefined> {
  const open = and(eq(jobs.id, id), eq(jobs.clientId, clientId), eq(jobs.status, 'open'), alive)
  return one(
    db
      .update(jobs)
      .set({ status: 'closed', closedAt: sql`now()`, ...nextVersion })
      .where(open)
      .returning(columns),
  )
}

/** Undefined unless it is a job of this client that is neither deleted nor under contract. */
export async function markDeleted(db: Tx, clientId: string, id: string): Promise<JobRow | undefined> {
  const own = and(eq(jobs.id, id), eq(jobs.clientId, clientId), alive, withoutContract)
  return one(
    db
      .update(jobs)
      .set({ deletedAt: sql`now()`, ...nextVersion })
      .where(own)
      .returning(columns),
  )
}

/** Undefined unless it is a deleted job of this client. */
export async function unmarkDeleted(db: Tx, clientId: string, id: string): Promise<JobRow | undefined> {
  const deleted = and(eq(jobs.id, id), eq(jobs.clientId, clientId), isNotNull(jobs.deletedAt))
  return one(
    db
      .update(jobs)
      .set({ deletedAt: null, ...nextVersion })
      .where(deleted)
      .returning(columns),
  )
}

/** Removes for good what was deleted more than `days` ago and has no contract, at most `batch` rows at once; answers how many. */
export async function purgeDeleted(db: Tx, days: number, batch: number): Promise<number> {
  const old = sql`
    SELECT id FROM ${jobs}
    WHERE ${jobs.deletedAt} < now() - make_interval(days => ${days}) AND ${withoutContract}
    LIMIT ${batch} FOR UPDATE SKIP LOCKED`
  // Materialized, so that the limit holds whatever the plan.
  const { rowCount } = await db
    .delete(jobs)
    .where(sql`${jobs.id} IN (WITH old AS MATERIALIZED (${old}) SELECT id FROM old)`)
  return rowCount ?? 0
}

const orders = {
  newest: { column: jobs.listedAt, direction: desc, key: (row: JobRow): Key => [row.listedAt, row.id] },
  oldest: { column: jobs.listedAt, direction: asc, key: (row: JobRow): Key => [row.listedAt, row.id] },
  'highest-budget': {
    column: jobs.budgetAmount,
    direction: desc,
    key: (row: JobRow): Key => [row.budgetAmount, row.id],
  },
  'lowest-budget': { column: jobs.budgetAmount, direction: asc, key: (row: JobRow): Key => [row.budgetAmount, row.id] },
}

/** What the next page of an order starts after. */
export const keyOf = (sort: JobQuery['sort']) => orders[sort].key

type Seen = { after: Key | undefined; viewer: { id: string } | undefined; seesDrafts: boolean }

/** One page and one row more, of what the viewer may see. */
export async function searchJobs(
  { unnamed }: Pick<Readable, 'unnamed'>,
  query: JobQuery,
  { after, viewer, seesDrafts }: Seen,
): Promise<JobRow[]> {
  const { column, direction } = orders[query.sort]
  const beyond = sql.raw(direction === desc ? '<' : '>')
  const wanted: (SQL | undefined)[] = [
    alive,
    eq(jobs.status, query.status),
    query.status === 'draft' && !seesDrafts ? ownedBy(viewer) : undefined,
    query.clientId ? eq(jobs.clientId, query.clientId) : undefined,
    query.category ? eq(jobs.category, query.category) : undefined,
    query.skill ? sql`${jobs.skills} @> ARRAY[${query.skill}]::text[]` : undefined,
    query.minBudget === undefined ? undefined : gte(jobs.budgetAmount, query.minBudget),
    query.maxBudget === undefined ? undefined : lte(jobs.budgetAmount, query.maxBudget),
    query.q ? sql`${jobs.search} @@ websearch_to_tsquery('english', ${query.q})` : undefined,
    after ? sql`(${column}, ${jobs.id}) ${beyond} (${after[0]}, ${after[1]})` : undefined,
  ]
  return unnamed
    .select(columns)
    .from(jobs)
    .where(and(...wanted))
    .orderBy(direction(column), direction(jobs.id))
    .limit(query.limit + 1)
}

const ownedBy = (viewer: { id: string } | undefined) => (viewer ? eq(jobs.clientId, viewer.id) : sql`false`)

async function one<T>(rows: PromiseLike<T[]>): Promise<T | undefined> {
  return (await rows)[0]
}
