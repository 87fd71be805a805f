import type { Tx } from '../../db/client.ts'
import { and, eq, getTableColumns, isNull, or, sql } from '../../db/drizzle.ts'
import { contracts, reviews, users } from '../../db/tables.ts'

type NewRow = Pick<typeof reviews.$inferInsert, 'contractId' | 'authorId' | 'subjectId' | 'rating' | 'text'>
export type ReviewRow = typeof reviews.$inferSelect & { by: 'client' | 'worker' }
type Key = (string | number)[]

const isVisible = sql`${reviews.visibleAt} <= now()`
const columns = {
  ...getTableColumns(reviews),
  by: sql<ReviewRow['by']>`CASE ${reviews.authorId} WHEN ${contracts.clientId} THEN 'client' ELSE 'worker' END`,
}

/** Undefined when that side has reviewed already. `isLate`: it would have been visible when it was given. */
export async function insertReview(tx: Tx, row: NewRow, endedAt: string | null, days: number) {
  const [made] = await tx
    .insert(reviews)
    .values({ ...row, visibleAt: sql`${endedAt}::timestamptz + make_interval(days => ${days})` })
    .onConflictDoNothing({ target: [reviews.contractId, reviews.authorId] })
    .returning({ ...getTableColumns(reviews), isLate: sql<boolean>`${isVisible}` })
  return made
}

/** Opens the reviews of a contract if there are two; answers since when they are. */
export async function openBoth(tx: Tx, contractId: string): Promise<string | undefined> {
  const both = sql`(SELECT count(*) FROM ${reviews} WHERE ${reviews.contractId} = ${contractId}) = 2`
  const [row] = await tx
    .update(reviews)
    // The time of the statement: a transaction may have waited for the other side since it began.
    .set({ visibleAt: sql`date_trunc('milliseconds', statement_timestamp())` })
    .where(sql`${reviews.contractId} = ${contractId} AND ${both}`)
    .returning({ visibleAt: reviews.visibleAt })
  return row?.visibleAt
}

/** Those that the reader may see, or all where there is no reader; the oldest first. */
export async function listOfContract(db: Tx, contractId: string, reader: string | undefined): Promise<ReviewRow[]> {
  const seen = reader ? or(eq(reviews.authorId, reader), isVisible) : undefined
  return db
    .select(columns)
    .from(reviews)
    .innerJoin(contracts, eq(contracts.id, reviews.contractId))
    .where(and(eq(reviews.contractId, contractId), seen))
    .orderBy(reviews.id)
}

/** How many reviews of someone can be seen, and their average to one decimal; undefined where there is no such person, or no more. */
export async function summarise(db: Tx, subjectId: string) {
  const [row] = await db
    .select({
      count: sql<number>`count(${reviews.rating})::int`,
      average: sql<number | null>`round(avg(${reviews.rating}), 1)::float8`,
    })
    .from(users)
    .leftJoin(reviews, and(eq(reviews.subjectId, users.id), isVisible))
    .where(and(eq(users.id, subjectId), isNull(users.erasedAt)))
    .groupBy(users.id)
  return row
}

/** One page and one row more of what can be seen about someone, what opened last first. */
export async function listOfSubject(
  db: Tx,
  subjectId: string,
  { limit, after }: { limit: number; after: Key | undefined },
): Promise<ReviewRow[]> {
  const beyond = after && sql`(${reviews.visibleAt}, ${reviews.id}) < (${after[0]}, ${after[1]})`
  return db
    .select(columns)
    .from(reviews)
    .innerJoin(contracts, eq(contracts.id, reviews.contractId))
    .where(and(eq(reviews.subjectId, subjectId), isVisible, beyond))
    .orderBy(sql`${reviews.visibleAt} DESC, ${reviews.id} DESC`)
    .limit(limit + 1)
}
