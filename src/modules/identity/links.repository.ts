import type { Tx } from '../../db/client.ts'
import { and, eq, isNull, sql } from '../../db/drizzle.ts'
import { mailLinks } from '../../db/tables.ts'

export type LinkRow = typeof mailLinks.$inferSelect
export type LinkKind = LinkRow['kind']
type NewLink = { kind: LinkKind; userId: string; seconds: number; newEmail?: string; sessionId?: string | undefined }

const isOpen = and(isNull(mailLinks.usedAt), sql`${mailLinks.expiresAt} > now()`)

/** Lets the requests of a user come one after the other until the transaction ends: what counts them would else miss some. */
export async function holdLinksOf(tx: Tx, userId: string): Promise<void> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`mail links ${userId}`}, 0))`)
}

/** Adds a link that has no token yet. Undefined where there is no such user, or `most` of its kind were asked for within an hour. */
export async function insertLink(tx: Tx, link: NewLink, most: number): Promise<string | undefined> {
  const { kind, userId, seconds, newEmail = null, sessionId = null } = link
  const { rows } = await tx.execute<{ id: string }>(sql`
    INSERT INTO ${mailLinks} (user_id, kind, new_email, session_id, expires_at)
    SELECT id, ${kind}::text, ${newEmail}::text, ${sessionId}::uuid, now() + make_interval(secs => ${seconds})
    FROM users WHERE id = ${userId} AND ${most} > (
      SELECT count(*) FROM ${mailLinks}
      WHERE user_id = ${userId} AND kind = ${kind} AND created_at > now() - interval '1 hour')
    RETURNING id`)
  return rows[0]?.id
}

/** Gives an open link the hash of its token, in place of one that it had. Undefined when it is not open any more. */
export async function armLink(db: Tx, id: string, hash: Buffer): Promise<LinkRow | undefined> {
  const [row] = await db
    .update(mailLinks)
    .set({ hash })
    .where(and(eq(mailLinks.id, id), isOpen))
    .returning()
  return row
}

export async function findLink(db: Tx, id: string): Promise<LinkRow | undefined> {
  const [row] = await db.select().from(mailLinks).where(eq(mailLinks.id, id))
  return row
}

/** Undefined unless it could be used now. */
export async function findOpenLink(db: Tx, kind: LinkKind, hash: Buffer): Promise<LinkRow | undefined> {
  const [row] = await db
    .select()
    .from(mailLinks)
    .where(and(eq(mailLinks.hash, hash), eq(mailLinks.kind, kind), isOpen))
  return row
}

/** Uses a link up: of two that try at once one gets it, and the other nothing. */
export async function useLink(tx: Tx, kind: LinkKind, hash: Buffer): Promise<LinkRow | undefined> {
  const [row] = await tx
    .update(mailLinks)
    .set({ usedAt: sql`now()` })
    .where(and(eq(mailLinks.hash, hash), eq(mailLinks.kind, kind), isOpen))
    .returning()
  return row
}

/** Remembers where a notice of the change must go. */
export async function keepOldEmail(tx: Tx, id: string, oldEmail: string): Promise<void> {
  await tx.update(mailLinks).set({ oldEmail }).where(eq(mailLinks.id, id))
}

/** Ends the open links of a user that are of these kinds. */
export async function endLinks(tx: Tx, userId: string, kinds: readonly LinkKind[]): Promise<void> {
  await tx
    .update(mailLinks)
    .set({ expiresAt: sql`now()` })
    .where(and(eq(mailLinks.userId, userId), sql`${mailLinks.kind} = ANY(${sql.param(kinds)}::text[])`, isOpen))
}

/** Forgets links that were asked for more than `days` ago; answers how many. */
export async function purgeLinks(db: Tx, days: number): Promise<number> {
  const { rowCount } = await db
    .delete(mailLinks)
    .where(sql`${mailLinks.createdAt} < now() - make_interval(days => ${days})`)
  return rowCount ?? 0
}
