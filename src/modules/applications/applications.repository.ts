import type { Tx } from '../../db/client.ts'
import { and, eq, sql } from '../../db/drizzle.ts'
import { applications } from '../../db/tables.ts'

export type ApplicationRow = typeof applications.$inferSelect
type Key = (string | number)[]

/** Undefined when the worker has applied for the job already. */
export async function insertApplication(
  tx: Tx,
  row: typeof applications.$inferInsert,
): Promise<ApplicationRow | undefined> {
  const target = [applications.jobId, applications.workerId]
  const [made] = await tx.insert(applications).values(row).onConflictDoNothing({ target }).returning()
  return made
}

export async function findApplication(db: Tx, id: string): Promise<ApplicationRow | undefined> {
  const [row] = await db.select().from(applications).where(eq(applications.id, id))
  return row
}

/** Undefined unless it is submitted. */
export async function settle(
  tx: Tx,
  id: string,
  status: 'accepted' | 'withdrawn',
): Promise<ApplicationRow | undefined> {
  const submitted = and(eq(applications.id, id), eq(applications.status, 'submitted'))
  const [row] = await tx.update(applications).set({ status, updatedAt: sql`now()` }).where(submitted).returning()
  return row
}

/** Rejects what else was submitted for the job; answers those applications. */
export async function rejectOthers(tx: Tx, jobId: string): Promise<ApplicationRow[]> {
  const others = and(eq(applications.jobId, jobId), eq(applications.status, 'submitted'))
  return tx.update(applications).set({ status: 'rejected', updatedAt: sql`now()` }).where(others).returning()
}

type Page = { limit: number; after: Key | undefined }

/** One page and one row more, the oldest first. */
export async function listByJob(db: Tx, jobId: string, page: Page): Promise<ApplicationRow[]> {
  return list(db, sql`${applications.jobId} = ${jobId}`, page)
}

/** One page and one row more, the oldest first. */
export async function listByWorker(db: Tx, workerId: string, page: Page): Promise<ApplicationRow[]> {
  return list(db, sql`${applications.workerId} = ${workerId}`, page)
}

function list(db: Tx, whose: ReturnType<typeof sql>, { limit, after }: Page): Promise<ApplicationRow[]> {
  const beyond = after && sql`(${applications.createdAt}, ${applications.id}) > (${after[0]}, ${after[1]})`
  return db
    .select()
    .from(applications)
    .where(and(whose, beyond))
    .orderBy(applications.createdAt, applications.id)
    .limit(limit + 1)
}
