import type { Tx } from '../../db/client.ts'
import { and, desc, eq, gte, lte, sql } from '../../db/drizzle.ts'
import { auditLog, auditSeals } from '../../db/tables.ts'

export type SealRow = typeof auditSeals.$inferSelect
export type StoredRow = Awaited<ReturnType<typeof listUnsealed>>[number]
type Since = { txid: number; floorId: number }

// The JSON as PostgreSQL writes it: the text that is hashed must not depend on how a client parses and prints it again.
const stored = {
  id: auditLog.id,
  at: auditLog.at,
  actorId: auditLog.actorId,
  actorRole: auditLog.actorRole,
  action: auditLog.action,
  objectType: auditLog.objectType,
  objectId: auditLog.objectId,
  requestId: auditLog.requestId,
  addressHash: auditLog.addressHash,
  personId: auditLog.personId,
  txid: auditLog.txid,
  before: sql<string | null>`${auditLog.before}::text`,
  after: sql<string | null>`${auditLog.after}::text`,
}
const notSealed = sql`NOT EXISTS (SELECT FROM ${auditSeals} WHERE ${auditSeals.rowIds} @> ${auditLog.id})`

/** Whether the caller is now the only one that seals, until the transaction ends. Nobody waits. */
export async function holdSealing(tx: Tx): Promise<boolean> {
  const { rows } = await tx.execute<{ held: boolean }>(
    sql`SELECT pg_try_advisory_xact_lock(hashtextextended('audit_seals', 0)) AS held`,
  )
  return rows[0]?.held ?? false
}

/** The time, and the oldest transaction that may still commit: whatever is not yet seen was written by it or by a later one. */
export async function readHorizon(tx: Tx): Promise<{ now: string; txid: number }> {
  const { rows } = await tx.execute<{ now: Date; txid: string }>(
    sql`SELECT date_trunc('milliseconds', clock_timestamp()) AS now, pg_snapshot_xmin(pg_current_snapshot())::text AS txid`,
  )
  return { now: new Date(rows[0]?.now ?? 0).toISOString(), txid: Number(rows[0]?.txid) }
}

/** Rows that no seal holds, in the order of their ids, of transactions from `since` on. */
export async function listUnsealed(tx: Tx, since: Since, { after, limit }: { after: number; limit: number }) {
  return tx
    .select(stored)
    .from(auditLog)
    .where(and(gte(auditLog.txid, since.txid), sql`${auditLog.id} > ${Math.max(after, since.floorId)}`, notSealed))
    .orderBy(auditLog.id)
    .limit(limit)
}

export async function insertSeal(tx: Tx, seal: typeof auditSeals.$inferInsert): Promise<void> {
  await tx.insert(auditSeals).values(seal)
}

export async function findLastSeal(db: Tx): Promise<SealRow | undefined> {
  const [row] = await db.select().from(auditSeals).orderBy(desc(auditSeals.number)).limit(1)
  return row
}

export async function findSeal(db: Tx, number: number): Promise<SealRow | undefined> {
  const [row] = await db.select().from(auditSeals).where(eq(auditSeals.number, number))
  return row
}

/** The largest id that a seal holds, 0 where there is none. */
export async function findLastSealedId(db: Tx): Promise<number> {
  const { rows } = await db.execute<{ id: string | null }>(
    sql`SELECT max(upper(${auditSeals.rowIds})) - 1 AS id FROM ${auditSeals}`,
  )
  return Number(rows[0]?.id ?? 0)
}

export async function listSeals(db: Tx, from: number, limit: number): Promise<SealRow[]> {
  return db.select().from(auditSeals).where(gte(auditSeals.number, from)).orderBy(auditSeals.number).limit(limit)
}

/** The rows that the seals of these numbers hold and that are still there, with the number of their seal. */
export async function listSealedRows(db: Tx, from: number, to: number): Promise<(StoredRow & { seal: number })[]> {
  const inside = sql`${auditLog.id} >= lower(${auditSeals.rowIds}) AND ${auditLog.id} < upper(${auditSeals.rowIds})
    AND ${auditSeals.rowIds} @> ${auditLog.id}`
  return db
    .select({ ...stored, seal: auditSeals.number })
    .from(auditSeals)
    .innerJoin(auditLog, inside)
    .where(and(gte(auditSeals.number, from), lte(auditSeals.number, to)))
    .orderBy(auditSeals.number, auditLog.id)
}

/** Of the next `limit` rows after an id: those that no seal holds; `lastId` is null where there was none at all. */
export async function listLoose(db: Tx, after: number, limit: number) {
  const { rows } = await db.execute<{ last_id: string | null; loose: { id: number; txid: number }[] | null }>(sql`
    WITH page AS MATERIALIZED (SELECT id, txid FROM audit_log WHERE id > ${after} ORDER BY id LIMIT ${limit})
    SELECT max(id) AS last_id,
      json_agg(json_build_object('id', id, 'txid', txid) ORDER BY id)
        FILTER (WHERE NOT EXISTS (SELECT FROM audit_seals WHERE row_ids @> page.id)) AS loose
    FROM page`)
  const [row] = rows
  return { lastId: row?.last_id ? Number(row.last_id) : null, loose: row?.loose ?? [] }
}
