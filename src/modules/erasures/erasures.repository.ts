// Takes a person out of every table; docs/privacy.md lists them, and says what stays and why. All of it may run twice.
import type { Tx } from '../../db/client.ts'
import { and, eq, isNull, sql } from '../../db/drizzle.ts'
import {
  applications,
  contracts,
  externalIdentities,
  idempotencyKeys,
  jobs,
  ledgerAccounts,
  mailLinks,
  notificationCounts,
  notifications,
  operations,
  outbox,
  recoveryCodes,
  refreshTokens,
  reviews,
  sessions,
  totp,
  users,
} from '../../db/tables.ts'

export type Person = { id: string; email: string; role: (typeof users.$inferSelect)['role'] }
/** What the cache has answers about. */
export type Gone = { id: string; slug: string }

const jobTitle = 'Job of an erased user'
const hasContract = sql`EXISTS (SELECT FROM ${contracts} WHERE ${contracts.jobId} = ${jobs.id})`
const isLeft = sql`${jobs.title} <> ${jobTitle}`

/** Undefined when there is none, or no longer. */
export async function findPerson(db: Tx, id: string): Promise<Person | undefined> {
  const [row] = await db.select({ id: users.id, email: users.email, role: users.role }).from(users).where(alive(id))
  return row
}

/** Until the transaction ends nothing is made for the person either: a row that refers to them waits. */
export async function holdPerson(tx: Tx, id: string): Promise<Person | undefined> {
  const [row] = await tx
    .select({ id: users.id, email: users.email, role: users.role })
    .from(users)
    .where(alive(id))
    .for('update')
  return row
}

const alive = (id: string) => and(eq(users.id, id), isNull(users.erasedAt))

export async function countRunningContracts(tx: Tx, id: string): Promise<number> {
  const [row] = await tx
    .select({ count: sql<number>`count(*)::int` })
    .from(contracts)
    .where(sql`(${contracts.clientId} = ${id} OR ${contracts.workerId} = ${id}) AND ${contracts.endedAt} IS NULL`)
  return row?.count ?? 0
}

/** Currencies of which the person has money: available, held or on its way. */
export async function listCurrenciesOwned(tx: Tx, id: string): Promise<string[]> {
  const rows = await tx
    .selectDistinct({ currency: ledgerAccounts.currency })
    .from(ledgerAccounts)
    .where(and(eq(ledgerAccounts.userId, id), sql`${ledgerAccounts.posted} <> 0`))
  return rows.map(({ currency }) => currency)
}

/** Why the person disputed a contract: that they did, and what was decided, stays. */
export async function emptyDisputes(tx: Tx, userId: string): Promise<void> {
  await tx
    .update(contracts)
    .set({ disputeReason: 'Erased' })
    .where(and(eq(contracts.disputedBy, userId), sql`${contracts.disputeReason} <> 'Erased'`))
}

/** The row stays for those that refer to it. Nobody knows the password of the hash. */
export async function pseudonymise(tx: Tx, id: string, passwordHash: string): Promise<void> {
  await tx
    .update(users)
    .set({
      name: 'Erased user',
      email: `erased-${id}@erased.invalid`,
      passwordHash,
      emailVerifiedAt: null,
      erasedAt: sql`now()`,
      version: sql`${users.version} + 1`,
      updatedAt: sql`now()`,
    })
    .where(eq(users.id, id))
}

/** Jobs that nobody else has anything to do with go; those that others applied for are closed and lose their words. */
export async function emptyJobs(tx: Tx, clientId: string): Promise<Gone[]> {
  const own = sql`${jobs.clientId} = ${clientId} AND NOT ${hasContract}`
  const unused = sql`NOT EXISTS (SELECT FROM ${applications} WHERE ${applications.jobId} = ${jobs.id})`
  const deleted = await tx.delete(jobs).where(sql`${own} AND ${unused}`).returning({ id: jobs.id, slug: jobs.slug })
  const emptied = await tx
    .update(jobs)
    .set({
      title: jobTitle,
      description: 'Erased',
      skills: [],
      slug: sql`'erased-' || ${jobs.id}`,
      status: 'closed',
      publishedAt: sql`COALESCE(${jobs.publishedAt}, now())`,
      closedAt: sql`COALESCE(${jobs.closedAt}, now())`,
      version: sql`${jobs.version} + 1`,
      updatedAt: sql`now()`,
    })
    .where(sql`${own} AND ${isLeft}`)
    .returning({ id: jobs.id, slug: sql<string>`old.slug` })
  return [...deleted, ...emptied]
}

/** What others were told of jobs that lost their words, and what is still to be told. */
export async function emptyTidings(tx: Tx, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return
  const ids = sql`${sql.param(jobIds)}::text[]`
  await tx
    .update(notifications)
    .set({ data: sql`jsonb_set(${notifications.data}, '{text}', to_jsonb('About a job of an erased user.'::text))` })
    .where(
      sql`${notifications.data} ->> 'jobId' = ANY (${ids}) AND ${notifications.userId} IN
        (SELECT ${applications.workerId} FROM ${applications} WHERE ${applications.jobId} = ANY (${ids}::uuid[]))`,
    )
  await tx
    .update(outbox)
    .set({ payload: sql`jsonb_set(${outbox.payload}, '{jobTitle}', to_jsonb(${jobTitle}::text))` })
    .where(
      sql`${outbox.payload} ? 'jobId' AND ${outbox.payload} ->> 'jobId' = ANY (${ids}) AND ${outbox.payload} ? 'jobTitle'`,
    )
}

/** What was not accepted is withdrawn, and its letter goes; the letter of a contract is part of what was agreed on. */
export async function emptyApplications(tx: Tx, workerId: string): Promise<void> {
  await tx
    .update(applications)
    .set({
      coverLetter: 'Erased',
      status: sql`CASE ${applications.status} WHEN 'submitted' THEN 'withdrawn' ELSE ${applications.status} END`,
      updatedAt: sql`now()`,
    })
    .where(
      sql`${applications.workerId} = ${workerId} AND ${applications.status} <> 'accepted' AND ${applications.coverLetter} <> 'Erased'`,
    )
}

/** What others wrote of the person. What the person wrote of others stays: it is what those are known for. */
export async function emptyReviews(tx: Tx, subjectId: string): Promise<void> {
  const words = and(eq(reviews.subjectId, subjectId), sql`${reviews.text} <> 'Erased'`)
  await tx.update(reviews).set({ text: 'Erased' }).where(words)
}

/** A mail server may have quoted the address in its refusal. */
export async function emptyErrors(tx: Tx, email: string): Promise<void> {
  await tx
    .update(outbox)
    .set({ error: sql`'Erased'` })
    .where(sql`${outbox.deadAt} IS NOT NULL AND position(${email} IN lower(${outbox.error})) > 0`)
}

/** Sessions have ended by now. Their rows stay until the purge, so that every replica learns of their end. */
export async function emptySessions(tx: Tx, userId: string): Promise<void> {
  await tx
    .delete(refreshTokens)
    .where(
      sql`${refreshTokens.sessionId} IN (SELECT ${sessions.id} FROM ${sessions} WHERE ${sessions.userId} = ${userId})`,
    )
  await tx.update(sessions).set({ userAgent: '', addressHash: '' }).where(eq(sessions.userId, userId))
}

/** Stored answers: the person's own, and the one to the stranger who registered. */
export async function deleteAnswers(tx: Tx, userId: string): Promise<void> {
  await tx.delete(idempotencyKeys).where(eq(idempotencyKeys.caller, userId))
  await tx
    .delete(idempotencyKeys)
    .where(sql`${idempotencyKeys.caller} LIKE 'stranger %' AND ${idempotencyKeys.body} ->> 'id' = ${userId}`)
}

/** What is the person's alone. Exports go with their operations. */
export async function deleteOwn(tx: Tx, userId: string): Promise<void> {
  await tx.delete(notifications).where(eq(notifications.userId, userId))
  await tx.delete(notificationCounts).where(eq(notificationCounts.userId, userId))
  await tx.delete(operations).where(and(eq(operations.userId, userId), eq(operations.kind, 'data-export')))
  await tx.delete(externalIdentities).where(eq(externalIdentities.userId, userId))
  await tx.delete(mailLinks).where(eq(mailLinks.userId, userId))
  await tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId))
  await tx.delete(totp).where(eq(totp.userId, userId))
}

/** Those who were erased less than `days` ago. */
export async function listErased(db: Tx, days: number): Promise<string[]> {
  const rows = await db
    .select({ id: users.id })
    .from(users)
    .where(sql`${users.erasedAt} > now() - make_interval(days => ${days})`)
  return rows.map(({ id }) => id)
}
