// Business events leave by the transaction that they describe: no event without its change, no change without its event.
import type { EventKind, EventPayload } from '../lib/events.schemas.ts'
import { traceparent } from '../lib/spans.ts'
import type { Tx } from './client.ts'
import { and, desc, eq, isNotNull, isNull, sql } from './drizzle.ts'
import { asJson, placeholders, prepared } from './prepared.ts'
import { outbox as table } from './tables.ts'

export type OutboxEvent = Pick<typeof table.$inferSelect, 'id' | 'kind' | 'payload' | 'requestId' | 'traceparent'> & {
  again: boolean
}

/** Announces a commit that brought events; the relay listens on it. */
export const outboxChannel = 'outbox'

/** PostgreSQL sends it at COMMIT, once however often it is asked for. */
const told = sql`pg_notify(${outboxChannel}, '')`

type Origin = { requestId?: string | null | undefined }

/** Adds an event. Those of one `aggregate` are told one after the other, in the order in which they were added. */
export async function outbox<K extends EventKind>(
  tx: Tx,
  kind: K,
  aggregate: string,
  payload: EventPayload<K>,
  { requestId }: Origin = {},
): Promise<void> {
  // Whoever has the effect goes on in the trace of what led to it.
  const row = {
    kind,
    aggregate,
    payload: asJson(payload),
    requestId: requestId ?? null,
    traceparent: traceparent() ?? null,
  }
  await addEvent(tx).execute(row)
}

const addEvent = prepared((tx) => {
  const row = placeholders('kind', 'aggregate', 'payload', 'requestId', 'traceparent')
  const added = tx.$with('added').as(tx.insert(table).values(row).returning({ position: table.position }))
  return tx.with(added).select({ told }).from(added).prepare('add_event')
})

/**
 * Claims events that are due, and marks them as published: the next one of each aggregate, if it was never published or its
 * effect has not been recorded for `retryAfter` milliseconds. Several relays may claim at once.
 */
export async function claimEvents(tx: Tx, limit: number, retryAfter: number): Promise<OutboxEvent[]> {
  // The first of each aggregate by its least position: NOT EXISTS of an earlier one becomes a join, which goes through all that waits
  // for each event where statistics are older than a burst.
  const due = sql`
    SELECT position FROM ${table} AS event
    WHERE handled_at IS NULL AND dead_at IS NULL
      AND (published_at IS NULL OR published_at < now() - make_interval(secs => ${retryAfter / 1000}))
      AND position = (
        SELECT min(earlier.position) FROM ${table} AS earlier
        WHERE earlier.aggregate = event.aggregate AND earlier.handled_at IS NULL AND earlier.dead_at IS NULL
      )
    ORDER BY position LIMIT ${limit} FOR UPDATE SKIP LOCKED`
  const rows = await tx
    .update(table)
    .set({ publishedAt: sql`now()` })
    // Materialized, so that the limit holds whatever the plan.
    .where(sql`${table.position} IN (WITH due AS MATERIALIZED (${due}) SELECT position FROM due)`)
    .returning({
      position: table.position,
      id: table.id,
      kind: table.kind,
      payload: table.payload,
      requestId: table.requestId,
      traceparent: table.traceparent,
      again: sql<boolean>`old.published_at IS NOT NULL`,
    })
  return rows.sort((a, b) => a.position - b.position)
}

/** Gives a claimed event back: its publication failed. One that comes again still does at the next claim. */
export async function unclaimEvent(db: Tx, { id, again }: Pick<OutboxEvent, 'id' | 'again'>): Promise<void> {
  await db
    .update(table)
    .set({ publishedAt: again ? sql`to_timestamp(0)` : null })
    .where(and(eq(table.id, id), isNull(table.handledAt)))
}

/** Makes events without recorded effect, whose jobs may be gone, as old as that many milliseconds, unless they are older. */
export async function bringForward(db: Tx, age: number): Promise<void> {
  await db
    .update(table)
    .set({ publishedAt: sql`least(published_at, now() - make_interval(secs => ${age / 1000}))` })
    .where(and(isNull(table.handledAt), isNull(table.deadAt), isNotNull(table.publishedAt)))
}

/** Records that the event had its effect, and wakes the relay for the next one of its aggregate. An effect outdoes a death. */
export async function markHandled(tx: Tx, id: string): Promise<void> {
  await markDone(tx).execute({ id })
}

const markDone = prepared((tx) => {
  const done = tx
    .update(table)
    .set({ handledAt: sql`now()`, deadAt: null, error: null })
    .where(and(eq(table.id, sql.placeholder('id')), isNull(table.handledAt)))
    .returning({ position: table.position })
  const marked = tx.$with('marked').as(done)
  return tx.with(marked).select({ told }).from(marked).prepare('mark_handled')
})

/** Lays an event aside that could not be told, so that the later ones of its aggregate go on. */
export async function markDead(db: Tx, id: string, error: string): Promise<void> {
  const open = and(eq(table.id, id), isNull(table.handledAt), isNull(table.deadAt))
  await db
    .update(table)
    .set({ deadAt: sql`now()`, error: error.slice(0, 2000) })
    .where(open)
  await db.execute(sql`SELECT ${told}`)
}

type Dead = { kind?: string | undefined; limit: number }
export type Revived = Pick<typeof table.$inferSelect, 'id' | 'kind'>

/** The newest first; `before` is a position. */
export async function listDead(db: Tx, { limit, kind, before }: Dead & { before?: string | number | undefined }) {
  const wanted = [kind && eq(table.kind, kind), before && sql`${table.position} < ${before}`]
  return db
    .select()
    .from(table)
    .where(and(isNotNull(table.deadAt), ...wanted.filter((condition) => typeof condition === 'object')))
    .orderBy(desc(table.position))
    .limit(limit)
}

/** Puts dead events back to be told, the oldest first; those that another transaction is putting back are passed over. */
export async function reviveDead(tx: Tx, { id, kind, limit }: Dead & { id?: string | undefined }): Promise<Revived[]> {
  const wanted = sql`
    SELECT position FROM ${table}
    WHERE dead_at IS NOT NULL ${id ? sql`AND id = ${id}` : sql``} ${kind ? sql`AND kind = ${kind}` : sql``}
    ORDER BY position LIMIT ${limit} FOR UPDATE SKIP LOCKED`
  // Published long ago, so that it is due, and the job that failed is replaced.
  const fresh = { deadAt: null, error: null, publishedAt: sql`to_timestamp(0)` }
  const rows = await tx
    .update(table)
    .set(fresh)
    .where(sql`${table.position} IN (WITH wanted AS MATERIALIZED (${wanted}) SELECT position FROM wanted)`)
    .returning({ position: table.position, id: table.id, kind: table.kind })
  await tx.execute(sql`SELECT ${told}`)
  return rows.sort((a, b) => a.position - b.position).map(({ id, kind }) => ({ id, kind }))
}

/** Forgets events whose effect was recorded more than `days` ago; dead ones stay. Answers how many. */
export async function purgeHandled(db: Tx, days: number): Promise<number> {
  const { rowCount } = await db.delete(table).where(sql`${table.handledAt} < now() - make_interval(days => ${days})`)
  return rowCount ?? 0
}
