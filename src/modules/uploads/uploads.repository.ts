import { randomUUID } from 'node:crypto'
import type { Tx } from '../../db/client.ts'
import { and, eq, isNotNull, isNull, sql } from '../../db/drizzle.ts'
import { uploads, users } from '../../db/tables.ts'

export type UploadRow = typeof uploads.$inferSelect
type New = Pick<UploadRow, 'userId' | 'name' | 'mediaType' | 'size'>
/** What is known of an upload whatever its state. */
type Found = Pick<UploadRow, 'id' | 'object' | 'storedAt' | 'removedAt'>

/** Until the transaction ends the person is neither erased nor given another upload. False when the account is gone. */
export async function holdPerson(tx: Tx, id: string): Promise<boolean> {
  const [row] = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, id), isNull(users.erasedAt)))
    .for('no key update')
  return row !== undefined
}

/** A row whose bytes are still to come. Undefined when the person has `most` already. */
export async function insertPending(tx: Tx, row: New, most: number): Promise<UploadRow | undefined> {
  const free = await tx.execute<{ slot: number }>(sql`
    SELECT slot FROM generate_series(1, ${most}::integer) AS slot
    WHERE NOT EXISTS (SELECT FROM ${uploads} AS taken WHERE user_id = ${row.userId} AND taken.slot = slot.slot AND removed_at IS NULL)
    ORDER BY slot LIMIT 1`)
  const [found] = free.rows
  if (!found) return undefined
  const [made] = await tx
    .insert(uploads)
    .values({ ...row, object: randomUUID(), slot: found.slot })
    .returning()
  return made
}

/** Leaves one whose bytes never came to whoever asks, unless somebody tried it in the last `lease` milliseconds. */
export async function claimPending(db: Tx, id: string, lease: number): Promise<UploadRow | undefined> {
  const [row] = await db
    .update(uploads)
    .set({ attemptedAt: sql`now()` })
    .where(and(eq(uploads.id, id), isPending, olderThan(lease)))
    .returning()
  return row
}

/** Undefined where it was removed meanwhile. */
export async function markStored(tx: Tx, id: string): Promise<UploadRow | undefined> {
  const [row] = await tx
    .update(uploads)
    .set({ storedAt: sql`now()` })
    .where(and(eq(uploads.id, id), isPending))
    .returning()
  return row
}

export async function abandonPending(tx: Tx, id: string): Promise<void> {
  await tx
    .update(uploads)
    .set({ removedAt: sql`now()` })
    .where(and(eq(uploads.id, id), isPending))
}

export async function findAny(db: Tx, id: string): Promise<Found | undefined> {
  const { object, storedAt, removedAt } = uploads
  const [row] = await db.select({ id: uploads.id, object, storedAt, removedAt }).from(uploads).where(eq(uploads.id, id))
  return row
}

/** Undefined unless the user has it. */
export async function findUpload(db: Tx, userId: string, id: string): Promise<UploadRow | undefined> {
  const [row] = await db.select().from(uploads).where(ownedBy(userId, id))
  return row
}

/** One page and one row more, the newest first. */
export async function listUploads(
  db: Tx,
  userId: string,
  { limit, after }: { limit: number; after: (string | number)[] | undefined },
): Promise<UploadRow[]> {
  const beyond = after && sql`(${uploads.createdAt}, ${uploads.id}) < (${after[0]}, ${after[1]})`
  return db
    .select()
    .from(uploads)
    .where(and(eq(uploads.userId, userId), isVisible, beyond))
    .orderBy(sql`${uploads.createdAt} DESC, ${uploads.id} DESC`)
    .limit(limit + 1)
}

/** Undefined unless the user has it. Nobody sees it from then on. */
export async function hide(tx: Tx, userId: string, id: string): Promise<UploadRow | undefined> {
  const [row] = await tx.update(uploads).set({ removedAt: sql`now()` }).where(ownedBy(userId, id)).returning()
  return row
}

/** All that the person has, those that are still to come too, and what they called them. Answers their ids. */
export async function hideAll(tx: Tx, userId: string): Promise<string[]> {
  const rows = await tx
    .update(uploads)
    .set({ removedAt: sql`COALESCE(${uploads.removedAt}, now())`, name: 'Erased' })
    .where(and(eq(uploads.userId, userId), sql`(${uploads.removedAt} IS NULL OR ${uploads.name} <> 'Erased')`))
    .returning({ id: uploads.id })
  return rows.map(({ id }) => id)
}

/** Gives up those that nobody has tried for `patience` milliseconds. */
export async function abandonOld(tx: Tx, patience: number): Promise<Pick<UploadRow, 'id' | 'userId'>[]> {
  return tx
    .update(uploads)
    .set({ removedAt: sql`now()` })
    .where(and(isPending, olderThan(patience)))
    .returning({ id: uploads.id, userId: uploads.userId })
}

/** Removed ones whose bytes nobody can still be putting there: all, or the one of this id. */
export async function listDiscarded(db: Tx, { lease, limit, id }: { lease: number; limit: number; id?: string }) {
  const isOver = sql`(${uploads.storedAt} IS NOT NULL OR ${olderThan(lease)})`
  return db
    .select({ id: uploads.id, object: uploads.object })
    .from(uploads)
    .where(and(isNotNull(uploads.removedAt), isOver, id === undefined ? undefined : eq(uploads.id, id)))
    .orderBy(uploads.id)
    .limit(limit)
}

export async function forget(db: Tx, id: string): Promise<void> {
  await db.delete(uploads).where(and(eq(uploads.id, id), isNotNull(uploads.removedAt)))
}

const isPending = and(isNull(uploads.storedAt), isNull(uploads.removedAt))
const isVisible = and(isNotNull(uploads.storedAt), isNull(uploads.removedAt))
const ownedBy = (userId: string, id: string) => and(eq(uploads.id, id), eq(uploads.userId, userId), isVisible)
const olderThan = (milliseconds: number) =>
  sql`${uploads.attemptedAt} < now() - make_interval(secs => ${milliseconds / 1000})`
