// What is kept about a person, a page at a time: the rows of each kind in the order of their ids.
import type { Tx } from '../../db/client.ts'
import { and, desc, eq, or, type SQL, sql } from '../../db/drizzle.ts'
import {
  applications,
  auditLog,
  contracts,
  externalIdentities,
  jobs,
  ledgerAccounts,
  ledgerEntries,
  ledgerTransfers,
  mailLinks,
  notifications,
  payments,
  reviews,
  sessions,
  totp,
  uploads,
  users,
} from '../../db/tables.ts'
import { type DataExport, mostDetails } from './exports.schemas.ts'

type Id = { id: unknown }
type Page = { after: unknown; size: number }
export type Kind = Exclude<keyof DataExport, 'madeAt' | 'account'>
type Entry<K extends Kind> = DataExport[K]['entries'][number]

/** Undefined when the account is gone. */
export async function findAccountOf(db: Tx, userId: string): Promise<DataExport['account'] | undefined> {
  const { id, email, name, role, tier, createdAt, updatedAt, emailVerifiedAt, blockedAt } = users
  const columns = { id, email, name, role, tier, createdAt, updatedAt, emailVerifiedAt, blockedAt }
  const [row] = await db
    .select({ ...columns, secondFactorSince: totp.confirmedAt })
    .from(users)
    .leftJoin(totp, eq(totp.userId, users.id))
    .where(eq(users.id, userId))
  const { issuer, subject } = externalIdentities
  const elsewhere = await db
    .select({ issuer, subject, createdAt: externalIdentities.createdAt })
    .from(externalIdentities)
    .where(eq(externalIdentities.userId, userId))
    .limit(mostDetails)
  const { newEmail, oldEmail } = mailLinks
  const emailChanges = await db
    .select({ newEmail, oldEmail, createdAt: mailLinks.createdAt })
    .from(mailLinks)
    .where(and(eq(mailLinks.userId, userId), eq(mailLinks.kind, 'email-change')))
    .orderBy(desc(mailLinks.createdAt))
    .limit(mostDetails)
  return row && { ...row, elsewhere, emailChanges }
}

/** Neither hashes of tokens nor of addresses: they say nothing to the person. */
export const belongings: { [K in Kind]: (db: Tx, userId: string, page: Page) => Promise<Entry<K>[]> } = {
  sessions: async (db, userId, page) => {
    const { id, userAgent, createdAt, lastUsedAt, endedAt, endedBecause } = sessions
    const columns = { id, userAgent, createdAt, lastUsedAt, endedAt, endedBecause }
    const whose = eq(sessions.userId, userId)
    return db
      .select(columns)
      .from(sessions)
      .where(beyond(sessions, whose, page))
      .orderBy(sessions.id)
      .limit(page.size)
  },
  jobs: async (db, userId, page) => {
    const { id, slug, title, description, category, skills, budgetAmount, budgetCurrency, status } = jobs
    const { createdAt, updatedAt, publishedAt, closedAt, deletedAt } = jobs
    const texts = { id, slug, title, description, category, skills, budgetAmount, budgetCurrency, status }
    const columns = { ...texts, createdAt, updatedAt, publishedAt, closedAt, deletedAt }
    const whose = eq(jobs.clientId, userId)
    return db
      .select(columns)
      .from(jobs)
      .where(beyond(jobs, whose, page))
      .orderBy(jobs.id)
      .limit(page.size)
  },
  applications: async (db, userId, page) => {
    const { id, jobId, coverLetter, status, createdAt, updatedAt } = applications
    const columns = { id, jobId, coverLetter, status, createdAt, updatedAt }
    const where = beyond(applications, eq(applications.workerId, userId), page)
    return db.select(columns).from(applications).where(where).orderBy(applications.id).limit(page.size)
  },
  contracts: async (db, userId, page) => {
    const { id, jobId, applicationId, clientId, workerId, amount, currency, status, createdAt, endedAt } = contracts
    const { disputedBy, disputeReason } = contracts
    const terms = { id, jobId, applicationId, clientId, workerId, amount, currency, status, createdAt, endedAt }
    const columns = { ...terms, disputedBy, disputeReason }
    const where = beyond(contracts, or(eq(clientId, userId), eq(workerId, userId)), page)
    return db.select(columns).from(contracts).where(where).orderBy(id).limit(page.size)
  },
  payments: async (db, userId, page) => {
    const { id, kind, contractId, amount, currency, method, status, failure, createdAt, finishedAt } = payments
    const columns = { id, kind, contractId, amount, currency, method, status, failure, createdAt, finishedAt }
    const where = beyond(payments, eq(payments.userId, userId), page)
    return db.select(columns).from(payments).where(where).orderBy(id).limit(page.size)
  },
  balances: async (db, userId, page) => {
    const { id, kind, currency, posted, reserved, createdAt } = ledgerAccounts
    const columns = { id, kind, currency, posted, reserved, createdAt }
    const where = beyond(ledgerAccounts, eq(ledgerAccounts.userId, userId), page)
    return db.select(columns).from(ledgerAccounts).where(where).orderBy(id).limit(page.size)
  },
  transfers: async (db, userId, page) => {
    const { id, phase, kind, contractId, currency, createdAt } = ledgerTransfers
    const columns = { id, phase, kind, contractId, currency, createdAt }
    // A transfer may touch several accounts of one person: what their sides of it come to.
    return db
      .select({ ...columns, amount: sql<number>`sum(${ledgerEntries.amount})::float8` })
      .from(ledgerTransfers)
      .innerJoin(ledgerEntries, eq(ledgerEntries.transferId, id))
      .innerJoin(ledgerAccounts, eq(ledgerAccounts.id, ledgerEntries.accountId))
      .where(beyond(ledgerTransfers, eq(ledgerAccounts.userId, userId), page))
      .groupBy(id)
      .orderBy(id)
      .limit(page.size)
  },
  reviews: async (db, userId, page) => {
    const { id, contractId, authorId, subjectId, rating, text, createdAt } = reviews
    const columns = { id, contractId, authorId, subjectId, rating, text, createdAt }
    // What the other side wrote is not seen here either before it may be.
    const ofOthers = and(eq(subjectId, userId), sql`${reviews.visibleAt} <= now()`)
    const where = beyond(reviews, or(eq(authorId, userId), ofOthers), page)
    return db.select(columns).from(reviews).where(where).orderBy(id).limit(page.size)
  },
  notifications: async (db, userId, page) => {
    const { id, kind, createdAt, readAt } = notifications
    const columns = { id, kind, text: sql<string>`${notifications.data} ->> 'text'`, createdAt, readAt }
    const where = beyond(notifications, eq(notifications.userId, userId), page)
    return db.select(columns).from(notifications).where(where).orderBy(id).limit(page.size)
  },
  uploads: async (db, userId, page) => {
    const { id, name, mediaType, size, createdAt } = uploads
    const columns = { id, name, mediaType, size, createdAt }
    const isThere = sql`${uploads.storedAt} IS NOT NULL AND ${uploads.removedAt} IS NULL`
    const where = beyond(uploads, and(eq(uploads.userId, userId), isThere), page)
    return db.select(columns).from(uploads).where(where).orderBy(id).limit(page.size)
  },
  actions: async (db, userId, page) => {
    const { id, at, action, objectType, objectId } = auditLog
    const columns = { id, at, action, objectType, objectId }
    const where = beyond(auditLog, eq(auditLog.actorId, userId), page)
    return db.select(columns).from(auditLog).where(where).orderBy(id).limit(page.size)
  },
}

const beyond = (table: Id, whose: SQL | undefined, { after }: Page) =>
  and(whose, after === undefined ? undefined : sql`${table.id} > ${after}`)
