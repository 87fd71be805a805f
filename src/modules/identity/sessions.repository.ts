import type { Tx } from '../../db/client.ts'
import { and, eq, isNull, sql } from '../../db/drizzle.ts'
import { refreshTokens, sessions, users } from '../../db/tables.ts'
import type { UserRow } from './identity.repository.ts'

export type SessionRow = typeof sessions.$inferSelect
/** Days: how long a session lasts without use, and at most. */
export type Lifetimes = { idleDays: number; days: number }

/** The user as it is now, and stays until the transaction ends: nobody is blocked meanwhile. */
export async function holdUser(tx: Tx, id: string): Promise<UserRow | undefined> {
  const [row] = await tx.select().from(users).where(eq(users.id, id)).for('share')
  return row
}

export async function insertSession(tx: Tx, session: typeof sessions.$inferInsert): Promise<SessionRow> {
  const [row] = await tx.insert(sessions).values(session).returning()
  return row as SessionRow
}

export async function insertRefreshToken(tx: Tx, sessionId: string, hash: Buffer): Promise<void> {
  await tx.insert(refreshTokens).values({ sessionId, hash })
}

/**
 * The token with its session and its user, held until the transaction ends, so that of two calls with it one comes after the other.
 * `usedFor`: milliseconds since its use, by the clock of the database.
 */
export async function holdRefreshToken(tx: Tx, hash: Buffer, { idleDays, days }: Lifetimes) {
  const [held] = await tx
    .select({ session: sessions, user: users })
    .from(refreshTokens)
    .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(refreshTokens.hash, hash))
    .for('update', { of: sessions })
  if (!held) return undefined
  // Read after the session is held: what another call did to its tokens while this one waited is seen.
  const [state] = await tx
    .select({
      usedFor: sql<number | null>`(extract(epoch FROM clock_timestamp() - ${refreshTokens.usedAt}) * 1000)::float8`,
      isForgiven: sql<boolean>`${refreshTokens.forgivenAt} IS NOT NULL`,
      isSuccessorUnused: sql<boolean>`EXISTS (
        SELECT FROM refresh_tokens AS next WHERE next.hash = ${refreshTokens.successor} AND next.used_at IS NULL)`,
      isIdle: sql<boolean>`${sessions.lastUsedAt} + make_interval(days => ${idleDays}) < now()`,
      isOver: sql<boolean>`${sessions.createdAt} + make_interval(days => ${days}) < now()`,
      ended: sql<boolean>`${sessions.endedAt} IS NOT NULL`,
    })
    .from(refreshTokens)
    .innerJoin(sessions, eq(sessions.id, refreshTokens.sessionId))
    .where(eq(refreshTokens.hash, hash))
  return state && { ...held, ...state }
}

/** From now on it is used, and `successor` stands in its place. */
export async function markUsed(tx: Tx, hash: Buffer, successor: Buffer): Promise<void> {
  await tx
    .update(refreshTokens)
    .set({ usedAt: sql`COALESCE(${refreshTokens.usedAt}, clock_timestamp())`, successor })
    .where(eq(refreshTokens.hash, hash))
}

/** Forgives that it was used a second time, once: the successor that the first time brought counts as used, and is not forgiven. */
export async function forgive(tx: Tx, hash: Buffer): Promise<void> {
  const now = sql`clock_timestamp()`
  const [{ successor } = { successor: null }] = await tx
    .update(refreshTokens)
    .set({ forgivenAt: now })
    .where(eq(refreshTokens.hash, hash))
    .returning({ successor: refreshTokens.successor })
  if (successor)
    await tx.update(refreshTokens).set({ usedAt: now, forgivenAt: now }).where(eq(refreshTokens.hash, successor))
}

export async function touchSession(tx: Tx, id: string): Promise<void> {
  await tx.update(sessions).set({ lastUsedAt: sql`now()` }).where(eq(sessions.id, id))
}

/** Ends what the condition finds and is open; answers the ids. */
async function end(tx: Tx, condition: ReturnType<typeof and>, because: string): Promise<string[]> {
  const rows = await tx
    .update(sessions)
    .set({ endedAt: sql`now()`, endedBecause: because })
    .where(and(condition, isNull(sessions.endedAt)))
    .returning({ id: sessions.id })
  return rows.map(({ id }) => id)
}

export const endSession = (tx: Tx, id: string, because: string) => end(tx, eq(sessions.id, id), because)

export const endSessionOf = (tx: Tx, userId: string, id: string, because: string) =>
  end(tx, and(eq(sessions.id, id), eq(sessions.userId, userId)), because)

/** All of the user's but one. */
export const endSessionsOf = (tx: Tx, userId: string, because: string, except?: string) =>
  end(tx, and(eq(sessions.userId, userId), except ? sql`${sessions.id} <> ${except}` : undefined), because)

/** Those that ended in the last `seconds`. */
export async function listEnded(db: Tx, seconds: number): Promise<{ id: string; endedAt: string | null }[]> {
  return db
    .select({ id: sessions.id, endedAt: sessions.endedAt })
    .from(sessions)
    .where(sql`${sessions.endedAt} > now() - make_interval(secs => ${seconds})`)
}

/** One page of the sessions that can still be renewed, and one row more, the newest first. */
export async function listSessions(
  db: Tx,
  userId: string,
  { idleDays, days }: Lifetimes,
  { limit, after }: { limit: number; after: (string | number)[] | undefined },
): Promise<SessionRow[]> {
  return db
    .select()
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, userId),
        isNull(sessions.endedAt),
        sql`${sessions.lastUsedAt} > now() - make_interval(days => ${idleDays})`,
        sql`${sessions.createdAt} > now() - make_interval(days => ${days})`,
        after && sql`${sessions.id} < ${after[0]}`,
      ),
    )
    .orderBy(sql`${sessions.id} DESC`)
    .limit(limit + 1)
}

/** Removes sessions, with their tokens, that can no longer be renewed and ended or were last used longer ago than `keptDays`. */
export async function purgeSessions(db: Tx, { idleDays, days }: Lifetimes, keptDays: number): Promise<number> {
  const { rowCount } = await db.delete(sessions).where(sql`
    ${sessions.endedAt} < now() - make_interval(days => ${keptDays})
    OR ${sessions.lastUsedAt} < now() - make_interval(days => ${idleDays + keptDays})
    OR ${sessions.createdAt} < now() - make_interval(days => ${days + keptDays})`)
  return rowCount ?? 0
}
