import type { Tx } from '../../db/client.ts'
import { and, eq, sql } from '../../db/drizzle.ts'
import { isTaken } from '../../db/failures.ts'
import { users } from '../../db/tables.ts'

export type UserRow = typeof users.$inferSelect

/** Undefined when the e-mail address has an account already. */
export async function insertUser(db: Tx, user: typeof users.$inferInsert): Promise<UserRow | undefined> {
  const [row] = await db.insert(users).values(user).onConflictDoNothing({ target: users.email }).returning()
  return row
}

export async function findUserByEmail(db: Tx, email: string): Promise<UserRow | undefined> {
  const [row] = await db.select().from(users).where(eq(users.email, email))
  return row
}

export async function findUser(db: Tx, id: string): Promise<UserRow | undefined> {
  const [row] = await db.select().from(users).where(eq(users.id, id))
  return row
}

/** Undefined when the version is no longer that. */
export async function updateUser(
  db: Tx,
  id: string,
  version: number,
  changes: { name: string },
): Promise<UserRow | undefined> {
  const [row] = await db
    .update(users)
    .set({ ...changes, version: sql`${users.version} + 1`, updatedAt: sql`now()` })
    .where(and(eq(users.id, id), eq(users.version, version)))
    .returning()
  return row
}

/** The same password under a new hash, unless another was chosen meanwhile. */
export async function renewPasswordHash(tx: Tx, user: UserRow, passwordHash: string): Promise<void> {
  await tx
    .update(users)
    .set({ passwordHash })
    .where(and(eq(users.id, user.id), eq(users.passwordHash, user.passwordHash)))
}

export async function setPasswordHash(tx: Tx, id: string, passwordHash: string): Promise<void> {
  await tx.update(users).set({ passwordHash }).where(eq(users.id, id))
}

/** Whoever uses a link that was mailed to an address reads its mail. The first time counts. */
export async function markEmailVerified(tx: Tx, id: string): Promise<void> {
  await tx
    .update(users)
    .set({ emailVerifiedAt: sql`COALESCE(${users.emailVerifiedAt}, now())` })
    .where(eq(users.id, id))
}

/** Another address, which is confirmed. False when someone else has it: the transaction is of no more use then. */
export async function setEmail(tx: Tx, id: string, email: string): Promise<boolean> {
  const changes = { email, emailVerifiedAt: sql`now()`, version: sql`${users.version} + 1`, updatedAt: sql`now()` }
  return tx
    .update(users)
    .set(changes)
    .where(eq(users.id, id))
    .then(
      () => true,
      (error) => (isTaken(error) ? false : Promise.reject(error)),
    )
}
