// Idempotency (draft-ietf-httpapi-idempotency-key-header-07): key row, work and stored answer commit together, or not at all.
import { AppError } from '../lib/errors.ts'
import type { Once } from '../lib/once.ts'
import type { Database, Tx } from './client.ts'
import { and, eq, lt, type SQL, sql } from './drizzle.ts'
import { isLockTimeout } from './failures.ts'
import { asJson, placeholders, prepared } from './prepared.ts'
import { idempotencyKeys as keys } from './tables.ts'

const keyReused = () =>
  new AppError(
    422,
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was used with another body: make a new key for a new request',
  )

const keyInUse = (cause: unknown) =>
  new AppError(
    409,
    'IDEMPOTENCY_KEY_IN_USE',
    'An earlier request with this Idempotency-Key is still at work: send the same again in a moment',
    { cause },
  )

type Stored = { status: number; body: unknown }
type Refusal = { code: string; detail: string }

/**
 * Runs `work` in one transaction, at most once for each key within 24 hours. The same call again gets the stored answer, refusals
 * by AppError included; another body under the same key is 422. Of calls at once the first works, the others wait for its answer,
 * or are 409 when that lasts longer than lock_timeout. What fails for other reasons is not stored. Without `once` it is a plain
 * transaction.
 */
export async function runOnce<T>(db: Database, once: Once | undefined, work: (tx: Tx) => Promise<T>): Promise<T> {
  if (!once) return db.transaction(work)
  const outcome = await tryOnce(db, once, work).catch((error) => {
    if (!(error instanceof Refused)) throw error
    // Its work is undone with its transaction, so the refusal is stored in another: a savepoint would cost every write a round trip.
    // Whoever took the key between has worked, and what that became is the answer to both.
    return underKey<T>(db, once, async (tx) => {
      await store(tx, once, refusalOf(error.cause))
      return { refusal: error.cause }
    })
  })
  once.ran = true
  if ('refusal' in outcome) throw outcome.refusal
  return outcome.result
}

type Outcome<T> = { result: T } | { refusal: AppError }

/** What the work itself said no by; the key may say no too, and that is never stored. */
class Refused extends Error {
  declare cause: AppError
}

function tryOnce<T>(db: Database, once: Once, work: (tx: Tx) => Promise<T>): Promise<Outcome<T>> {
  return underKey<T>(db, once, async (tx) => {
    const result = await work(tx).catch((error) => {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      throw new Refused('refused', { cause: error })
    })
    await store(tx, once, { status: once.status, body: result })
    return { result }
  })
}

/** In a transaction that holds the key, unless something is stored under it, which is the outcome then. */
function underKey<T>(db: Database, once: Once, work: (tx: Tx) => Promise<Outcome<T>>): Promise<Outcome<T>> {
  return db.transaction(async (tx) => {
    const stored = await claim(tx, once)
    return stored ? replay<T>(once, stored) : work(tx)
  })
}

const takeKey = prepared((tx) =>
  tx
    .insert(keys)
    .values(placeholders('caller', 'route', 'key', 'bodyHash'))
    .onConflictDoUpdate({
      target: [keys.caller, keys.route, keys.key],
      set: { bodyHash: sql`excluded.body_hash`, status: null, body: null, createdAt: sql`now()` },
      setWhere: lt(keys.createdAt, sql`now() - interval '24 hours'`),
    })
    .returning({ key: keys.key })
    .prepare('take_key'),
)

/** Takes the key, waiting for whoever holds it. Answers what is stored under it, or undefined when the work is ours to do. */
async function claim(tx: Tx, { caller, route, key, bodyHash }: Once): Promise<Stored | undefined> {
  const [ours] = await takeKey(tx)
    .execute({ caller, route, key, bodyHash })
    .catch((error) => Promise.reject(isLockTimeout(error) ? keyInUse(error) : error))
  if (ours) return undefined
  const [row] = await tx.select().from(keys).where(same({ caller, route, key }))
  if (!row || !bodyHash.equals(row.bodyHash)) throw keyReused()
  return { status: row.status ?? 500, body: row.body }
}

async function store(tx: Tx, { caller, route, key }: Once, { status, body }: Stored): Promise<void> {
  await storeAnswer(tx).execute({ caller, route, key, status, body: asJson(body) })
}

const storeAnswer = prepared((tx) =>
  tx
    .update(keys)
    .set(placeholders('status', 'body'))
    .where(same(placeholders('caller', 'route', 'key')))
    .prepare('store_answer'),
)

/**
 * Puts the end of work that was only accepted in the place of its stored answer: a later replay then tells of the end. Until then, or
 * when the process dies before, a replay says where to ask.
 */
export async function storeEnd(db: Tx, once: Once, end: { status: number; body: unknown } | AppError): Promise<void> {
  await store(db, once, end instanceof AppError ? refusalOf(end) : end)
}

const refusalOf = ({ status, code, message: detail }: AppError): Stored => ({
  status,
  body: { code, detail } satisfies Refusal,
})

function replay<T>(once: Once, { status, body }: Stored): Outcome<T> {
  once.replayed = true
  once.status = status
  if (status < 400) return { result: body as T }
  const { code, detail } = body as Refusal
  return { refusal: new AppError(status, code, detail) }
}

const same = ({ caller, route, key }: Record<'caller' | 'route' | 'key', string | SQL>) =>
  and(eq(keys.caller, caller), eq(keys.route, route), eq(keys.key, key))

/** What made the object of this id did not come about: the same call again is a new one. */
export async function forgetAnswer(tx: Tx, caller: string, madeId: string): Promise<void> {
  await tx.delete(keys).where(and(eq(keys.caller, caller), sql`${keys.body} ->> 'id' = ${madeId}`))
}

/** Forgets keys older than 24 hours; answers how many. */
export async function purgeKeys(db: Tx): Promise<number> {
  const { rowCount } = await db.delete(keys).where(lt(keys.createdAt, sql`now() - interval '24 hours'`))
  return rowCount ?? 0
}
