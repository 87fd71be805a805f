import type { Readable, Tx } from '../../db/client.ts'
import { and, desc, eq, isNotNull, isNull, sql } from '../../db/drizzle.ts'
import { users } from '../../db/tables.ts'
import type { Role } from '../../lib/actor.ts'
import type { AdminUser, AdminUserQuery } from './users.schemas.ts'

const columns = {
  id: users.id,
  email: users.email,
  name: users.name,
  role: users.role,
  tier: users.tier,
  version: users.version,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
  emailVerifiedAt: users.emailVerifiedAt,
  blockedAt: users.blockedAt,
  erasedAt: users.erasedAt,
}
const nextVersion = { version: sql`${users.version} + 1`, updatedAt: sql`now()` }

export async function findAccount(db: Tx, id: string): Promise<AdminUser | undefined> {
  const [row] = await db.select(columns).from(users).where(eq(users.id, id))
  return row
}

/** Nobody else changes the account until the transaction ends. Undefined where there is none. */
export async function holdAccount(tx: Tx, id: string): Promise<AdminUser | undefined> {
  const [row] = await tx.select(columns).from(users).where(eq(users.id, id)).for('no key update')
  return row
}

/**
 * The admins who can sign in, held until the transaction ends: whoever else would take one away waits, and then finds those who are
 * left. In the order of their ids, so that no two transactions wait for each other.
 */
export async function holdAdmins(tx: Tx): Promise<string[]> {
  const rows = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.role, 'admin'), isNull(users.blockedAt), isNull(users.erasedAt)))
    .orderBy(users.id)
    .for('no key update')
  return rows.map(({ id }) => id)
}

export async function setBlocked(tx: Tx, id: string, isBlocked: boolean): Promise<AdminUser> {
  const change = { blockedAt: isBlocked ? sql`now()` : null, ...nextVersion }
  const [row] = await tx.update(users).set(change).where(eq(users.id, id)).returning(columns)
  return row as AdminUser
}

export async function setRole(tx: Tx, id: string, role: Role): Promise<AdminUser> {
  const [row] = await tx
    .update(users)
    .set({ role, ...nextVersion })
    .where(eq(users.id, id))
    .returning(columns)
  return row as AdminUser
}

/** One page and one row more, the newest first: ids are UUIDv7. */
export async function listAccounts(
  { unnamed }: Pick<Readable, 'unnamed'>,
  { email, role, blocked, limit }: AdminUserQuery,
  after: (string | number)[] | undefined,
): Promise<AdminUser[]> {
  const state = blocked ? isNotNull(users.blockedAt) : isNull(users.blockedAt)
  const wanted = [
    email === undefined ? undefined : eq(users.email, email.toLowerCase()),
    role && eq(users.role, role),
    blocked === undefined ? undefined : state,
    after && sql`${users.id} < ${after[0]}`,
  ]
  return unnamed
    .select(columns)
    .from(users)
    .where(and(...wanted))
    .orderBy(desc(users.id))
    .limit(limit + 1)
}
