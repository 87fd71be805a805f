// The chain over the trail: rows are written freely, and a moment later sealed in batches, so that no writer waits for another.
import { createHash } from 'node:crypto'
import type { Database, Tx } from '../../db/client.ts'
import { repeat } from '../../lib/repeat.ts'
import type { Signer } from '../../lib/signer.ts'
import { notSealedYet } from './audit.errors.ts'
import type { Checkpoint } from './audit.schemas.ts'
import {
  findLastSeal,
  findLastSealedId,
  holdSealing,
  insertSeal,
  listUnsealed,
  readHorizon,
  type SealRow,
  type StoredRow,
} from './seals.repository.ts'

type Deps = { db: Database; signer: Signer }
/** How far a run is: the last id, what it found when it began, which holds for all of its batches, and the rows of the last batch. */
type Run = { after: number; horizon?: Horizon | undefined; rows: number }
type Horizon = { txid: number; isMoved: boolean; floorId: number }

/** Most rows of a seal. */
const batch = 1000
const origin = Buffer.alloc(32)

export type SealsService = ReturnType<typeof createSealsService>

export function createSealsService({ db, signer }: Deps) {
  return { sealNew, keepSealing, checkpoint }

  /** Seals what is committed and not sealed yet; answers how many rows. Several processes may try at once: one does it. */
  async function sealNew(): Promise<number> {
    let sealed = 0
    // Moved only by what is committed.
    let run: Run = { after: 0, rows: batch }
    while (run.rows === batch) {
      const { after, horizon } = run
      run = await db.transaction((tx) => sealBatch(tx, after, horizon))
      sealed += run.rows
    }
    return sealed
  }

  /** Seals once a second until it is closed. Rejects never: what could not be sealed waits for the next turn. */
  function keepSealing(onError: (error: unknown) => void) {
    return repeat(sealNew, { every: 1000, onError })
  }

  async function sealBatch(tx: Tx, after: number, found: Horizon | undefined): Promise<Run> {
    if (!(await holdSealing(tx))) return { after, rows: 0 }
    const last = await findLastSeal(tx)
    const { now, txid } = await readHorizon(tx)
    const horizon = found ?? (await horizonOf(tx, last, txid))
    // In another cluster the numbers of transactions begin again: everything is looked through, once.
    const since = {
      txid: horizon.isMoved ? 0 : (last?.seenTxid ?? 0),
      floorId: horizon.isMoved ? 0 : (last?.floorId ?? 0),
    }
    const rows = await listUnsealed(tx, since, { after, limit: batch })
    const isLast = rows.length < batch
    if (rows.length > 0) {
      const hashes = Buffer.concat(rows.map(hashOf))
      const fresh = {
        number: (last?.number ?? 0) + 1,
        rowIds: rangesOf(rows),
        rowCount: rows.length,
        hashes,
        root: sha256(hashes),
        previous: last ? sha256(signedText(last)) : origin,
        // Until the run has come to its end, the next one begins where this one did.
        seenTxid: isLast ? horizon.txid : (last?.seenTxid ?? 0),
        floorId: isLast ? horizon.floorId : (last?.floorId ?? 0),
        sealedAt: now,
        keyId: signer.keyId,
      }
      await insertSeal(tx, { ...fresh, signature: signer.sign(signedText(fresh)) })
    }
    return { after: rows.at(-1)?.id ?? after, horizon, rows: rows.length }
  }

  async function horizonOf(tx: Tx, last: SealRow | undefined, txid: number): Promise<Horizon> {
    const isMoved = last !== undefined && txid < last.seenTxid
    return { txid, isMoved, floorId: isMoved ? await findLastSealedId(tx) : (last?.floorId ?? 0) }
  }

  /** The latest seal, as others can keep and verify it. Throws AUDIT_NOT_SEALED where there is none. */
  async function checkpoint(): Promise<Checkpoint> {
    const last = await findLastSeal(db)
    if (!last) throw notSealedYet()
    const signed = signedText(last)
    const publicKey = signer.publicKey(last.keyId)?.pem ?? ''
    return { seal: last.number, signed, signature: last.signature.toString('base64'), publicKey, keyId: last.keyId }
  }
}

export const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

/** Of all that the row says but its id, so that a row which took the place of another can be told. */
export const hashOf = ({
  id: _,
  at,
  actorId,
  actorRole,
  action,
  objectType,
  objectId,
  requestId,
  ...row
}: StoredRow): Buffer =>
  sha256(
    JSON.stringify([
      ...[at, actorId, actorRole, action, objectType, objectId, requestId],
      ...[row.addressHash, row.personId, row.txid, row.before, row.after],
    ]),
  )

type Signed = Omit<SealRow, 'signature' | 'hashes'>

/** What is signed of a seal, in this order; the hash of it is what the next seal holds as `previous`. */
export function signedText({
  number,
  rowIds,
  rowCount,
  root,
  previous,
  seenTxid,
  floorId,
  sealedAt,
  keyId,
}: Signed): string {
  const links = { root: root.toString('hex'), previous: previous.toString('hex') }
  return JSON.stringify({ seal: number, rows: rowIds, count: rowCount, ...links, seenTxid, floorId, sealedAt, keyId })
}

/** The ids as PostgreSQL writes ranges of them. */
function rangesOf(rows: { id: number }[]): string {
  const ranges: [number, number][] = []
  for (const { id } of rows) {
    const open = ranges.at(-1)
    if (open?.[1] === id) open[1]++
    else ranges.push([id, id + 1])
  }
  return `{${ranges.map(([from, to]) => `[${from},${to})`).join(',')}}`
}
