import type { Tx } from '../../db/client.ts'
import { and, eq } from '../../db/drizzle.ts'
import { externalIdentities, users } from '../../db/tables.ts'
import type { UserRow } from './identity.repository.ts'

export async function findLinkedUser(db: Tx, issuer: string, subject: string): Promise<UserRow | undefined> {
  const [row] = await db
    .select({ user: users })
    .from(externalIdentities)
    .innerJoin(users, eq(users.id, externalIdentities.userId))
    .where(and(eq(externalIdentities.issuer, issuer), eq(externalIdentities.subject, subject)))
  return row?.user
}

/** False when the subject is linked already. Only the owner of the schema may. */
export async function linkSubject(db: Tx, issuer: string, subject: string, userId: string): Promise<boolean> {
  const linked = await db
    .insert(externalIdentities)
    .values({ issuer, subject, userId })
    .onConflictDoNothing()
    .returning({ userId: externalIdentities.userId })
  return linked.length > 0
}

/** False when it is not linked. */
export async function unlinkSubject(db: Tx, issuer: string, subject: string): Promise<boolean> {
  const gone = await db
    .delete(externalIdentities)
    .where(and(eq(externalIdentities.issuer, issuer), eq(externalIdentities.subject, subject)))
    .returning({ userId: externalIdentities.userId })
  return gone.length > 0
}
