// Files that people keep here. The row of one is there before its bytes are, and goes after them, so that whoever dies in between leaves
// nothing that the sweep does not find.
import type { Database, Tx } from '../../db/client.ts'
import { handleOnce } from '../../db/inbox.ts'
import { forgetAnswer, runOnce } from '../../db/once.ts'
import { outbox } from '../../db/outbox.ts'
import type { Reads } from '../../db/reads.ts'
import type { Actor } from '../../lib/actor.ts'
import { AppError } from '../../lib/errors.ts'
import type { EventPayload } from '../../lib/events.schemas.ts'
import type { Objects } from '../../lib/objects.ts'
import type { Once } from '../../lib/once.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import type { Audit } from '../audit/audit.service.ts'
import { nameOf } from './names.ts'
import { agrees, typeOf } from './types.ts'
import {
  accountGone,
  storeAway,
  typeContradicted,
  typeUnsupported,
  uploadEmpty,
  uploadLost,
  uploadNotFound,
  uploadsFull,
  uploadUnderWay,
} from './uploads.errors.ts'
import {
  abandonOld,
  abandonPending,
  claimPending,
  findAny,
  findUpload,
  forget,
  hide,
  hideAll,
  holdPerson,
  insertPending,
  listDiscarded,
  listUploads,
  markStored,
  type UploadRow,
} from './uploads.repository.ts'
import type { MediaType, Upload, UploadQuery } from './uploads.schemas.ts'

/** As it came: its name and its type are what the caller says. */
type File = { bytes: Buffer | undefined; disposition: string | undefined; declared: string | undefined }
type Deps = {
  db: Database
  reads: Pick<Reads, 'newest'>
  audit: Audit
  cursors: Cursors
  security: SecurityLog
  objects: Objects
  /** Uploads of one person. */
  perUser: number
  /** Milliseconds that a call to the store takes at most. */
  timeout: number
}

/** Milliseconds after which an upload that nobody tried again is given up. */
const patience = 3_600_000
/** Rows of the sweep at once. */
const pageSize = 100

export type UploadsService = ReturnType<typeof createUploadsService>

export function createUploadsService({ db, reads, audit, cursors, security, objects, perUser, timeout }: Deps) {
  /** For so long one try has an upload for itself: longer than it can still be writing. */
  const lease = 3 * timeout
  return { keep, list, get, read, remove, removeAll, discard, sweep }

  /**
   * Throws UPLOADS_FULL (409), 415 where its bytes are nothing that is taken, 503 while the store is away: then nothing is kept, and the
   * same call again is a new one. One that died in between is finished by the same call again.
   */
  async function keep(actor: Actor, { bytes, disposition, declared }: File, once?: Once): Promise<Upload> {
    if (!bytes || bytes.length === 0) throw uploadEmpty()
    const mediaType = await lookAt(actor, bytes, declared)
    const file = { userId: actor.id, name: nameOf(disposition, mediaType), mediaType, size: bytes.length }
    let fresh: UploadRow | undefined
    const upload = await runOnce(db, once, async (tx) => {
      if (!(await holdPerson(tx, actor.id))) throw accountGone()
      fresh = await insertPending(tx, file, perUser)
      if (!fresh) throw uploadsFull(perUser)
      return toUpload(fresh)
    })
    // One of a transaction that ran again is nobody's.
    const pending = fresh?.id === upload.id ? fresh : await claimPending(db, upload.id, lease)
    if (pending) await store(actor, pending, bytes)
    else await refuseUnlessStored(upload.id)
    return upload
  }

  async function lookAt(actor: Actor, bytes: Buffer, declared: string | undefined): Promise<MediaType> {
    const found = await typeOf(bytes)
    if (found && agrees(declared, found)) return found
    security('upload.refused', actor, { found: found ?? 'unknown', size: bytes.length })
    throw found ? typeContradicted(found) : typeUnsupported()
  }

  async function store(actor: Actor, { id, object, ...row }: UploadRow, bytes: Buffer): Promise<void> {
    await objects.put(object, bytes).catch(async (error) => {
      await abandon([{ id, userId: actor.id }])
      throw error instanceof AppError ? error : storeAway(error)
    })
    const stored = await db.transaction(async (tx) => {
      if (!(await markStored(tx, id))) return false
      const { name, mediaType, size } = row
      await audit(tx, actor, 'upload.stored', id, { after: { name, mediaType, size } })
      return true
    })
    // The person was erased meanwhile. What stays behind is swept.
    if (!stored) throw uploadNotFound(id)
  }

  async function refuseUnlessStored(id: string): Promise<void> {
    const row = await findAny(db, id)
    if (row && !row.storedAt) throw uploadUnderWay()
  }

  async function abandon(uploads: Pick<UploadRow, 'id' | 'userId'>[]): Promise<void> {
    await db.transaction(async (tx) => {
      for (const { id, userId } of uploads) {
        await abandonPending(tx, id)
        await forgetAnswer(tx, userId, id)
      }
    })
  }

  async function list(actor: Actor, { cursor, limit }: UploadQuery): Promise<Page<Upload>> {
    const name = `uploads ${actor.id}`
    const rows = await listUploads(reads.newest, actor.id, { limit, after: cursors.read(cursor, name) })
    const { data, page } = cursors.pageOf(rows, limit, name, ({ createdAt, id }) => [createdAt, id])
    return { data: data.map(toUpload), page }
  }

  async function get(actor: Actor, id: string): Promise<Upload> {
    return toUpload(await getOwn(actor, id))
  }

  async function read(actor: Actor, id: string): Promise<{ upload: Upload; bytes: Buffer }> {
    const row = await getOwn(actor, id)
    const bytes = await objects.get(row.object).catch((error) => {
      throw error instanceof AppError ? error : storeAway(error)
    })
    if (!bytes) throw uploadLost()
    return { upload: toUpload(row), bytes }
  }

  async function getOwn(actor: Actor, id: string): Promise<UploadRow> {
    const row = await findUpload(reads.newest, actor.id, id)
    if (!row) throw uploadNotFound(id)
    return row
  }

  /** Nobody sees it any more; a worker removes its bytes. */
  async function remove(actor: Actor, id: string): Promise<void> {
    await db.transaction(async (tx) => {
      const row = await hide(tx, actor.id, id)
      if (!row) throw uploadNotFound(id)
      await audit(tx, actor, 'upload.removed', id, { before: { name: row.name } })
      await outbox(tx, 'upload.removed', `upload:${id}`, { uploadId: id }, actor)
    })
  }

  /** All of a person who is erased. */
  async function removeAll(tx: Tx, userId: string): Promise<void> {
    for (const id of await hideAll(tx, userId)) await outbox(tx, 'upload.removed', `upload:${id}`, { uploadId: id })
  }

  /** The worker's part. What somebody may still be writing is left to the sweep. */
  async function discard(event: { id: string }, { uploadId }: EventPayload<'upload.removed'>): Promise<void> {
    for (const row of await listDiscarded(db, { lease, limit: 1, id: uploadId })) await erase(row)
    await handleOnce(db, 'uploads', event.id, async () => {})
  }

  /** Bytes without an upload go: of those that never came about, and of those whose removal nobody finished. Answers how many. */
  async function sweep(): Promise<number> {
    const old = await db.transaction(async (tx) => {
      const given = await abandonOld(tx, patience)
      for (const { id, userId } of given) await forgetAnswer(tx, userId, id)
      return given.length
    })
    let swept = 0
    for (;;) {
      const rows = await listDiscarded(db, { lease, limit: pageSize })
      for (const row of rows) await erase(row)
      swept += rows.length
      if (rows.length < pageSize) return Math.max(swept, old)
    }
  }

  async function erase({ id, object }: Pick<UploadRow, 'id' | 'object'>): Promise<void> {
    await objects.remove(object)
    await forget(db, id)
  }
}

const toUpload = ({ id, name, mediaType, size, createdAt }: UploadRow): Upload => {
  return { id, name, mediaType, size, createdAt }
}
