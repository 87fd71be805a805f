// A copy of all that is kept about a person (article 15 and 20 of the GDPR): asked for here, made by a worker, read for a week.
import type { Database, Tx } from '../../db/client.ts'
import { handleOnce } from '../../db/inbox.ts'
import { runOnce } from '../../db/once.ts'
import { outbox } from '../../db/outbox.ts'
import type { Actor } from '../../lib/actor.ts'
import type { EventPayload } from '../../lib/events.schemas.ts'
import type { Metrics } from '../../lib/metrics.ts'
import type { Once } from '../../lib/once.ts'
import type { Operation } from '../../lib/operation.schemas.ts'
import type { Seal } from '../../lib/seal.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { OperationsService } from '../operations/operations.service.ts'
import { belongings, findAccountOf, type Kind } from './belongings.repository.ts'
import { accountGone, exportNotFound } from './exports.errors.ts'
import {
  findOpenExportOf,
  findSealed,
  holdOpenExport,
  holdPerson,
  insertExport,
  markFailed,
  purgeExports,
  storeExport,
} from './exports.repository.ts'
import { type DataExport, mostEntries } from './exports.schemas.ts'

type Deps = {
  db: Database
  audit: Audit
  seal: Seal
  security: SecurityLog
  operations: OperationsService
  metrics: Metrics
}
type Event = { id: string }
type Wanted = EventPayload<'data-export.requested'>

/** Days for which an export can be read. */
const keptDays = 7
/** Rows that are read at once, and bytes of JSON of all entries: with `mostEntries` what keeps one export from filling a worker. */
const [pageSize, mostBytes] = [500, 20_000_000]

/** Nobody moves what is sealed to another export. */
const purposeOf = (id: string) => `data-export:${id}`

export type ExportsService = ReturnType<typeof createExportsService>

export function createExportsService({ db, audit, seal, security, operations, metrics }: Deps) {
  return { request, make, giveUp, read, purge: () => purgeExports(db) }

  /** One at a time for each person: while one is open it is answered again. */
  async function request(actor: Actor, once?: Once): Promise<Operation> {
    return runOnce(db, once, async (tx) => {
      if (!(await holdPerson(tx, actor.id))) throw accountGone()
      const open = await findOpenExportOf(tx, actor.id)
      if (open) return operations.get(actor, open.operationId, tx)
      const operation = await operations.create(tx, actor, 'data-export')
      const { id } = await insertExport(tx, actor.id, operation.id)
      await audit(tx, actor, 'data-export.requested', id)
      await outbox(tx, 'data-export.requested', `data-export:${id}`, { exportId: id }, actor)
      return operation
    })
  }

  /** The worker's part. An export that ended meanwhile, or whose person was erased, is left alone. */
  async function make(event: Event, { exportId }: Wanted): Promise<void> {
    await handleOnce(db, 'data-exports', event.id, async (tx) => {
      const open = await holdOpenExport(tx, exportId)
      const document = open && (await metrics.timed('data-export', () => collect(tx, open.userId)))
      if (!open || !document) return
      await storeExport(tx, exportId, seal.seal(JSON.stringify(document), purposeOf(exportId)), keptDays)
      await operations.finish(tx, open.operationId, { href: `/v1/me/data-exports/${exportId}` })
    })
  }

  /** It failed for the last time: the person may ask again. */
  async function giveUp({ exportId }: Wanted): Promise<void> {
    await db.transaction(async (tx) => {
      const open = await holdOpenExport(tx, exportId)
      if (!open) return
      await markFailed(tx, exportId)
      await operations.fail(tx, open.operationId, 'The export could not be made: ask for another one')
    })
  }

  /** The document as JSON. */
  async function read(actor: Actor, id: string): Promise<Buffer> {
    const sealed = await findSealed(db, actor.id, id)
    if (!sealed) throw exportNotFound(id)
    security('data-export.read', actor, { exportId: id })
    return seal.open(sealed, purposeOf(id))
  }
}

async function collect(tx: Tx, userId: string): Promise<DataExport | undefined> {
  const account = await findAccountOf(tx, userId)
  if (!account) return undefined
  let bytes = 0
  const sections = []
  for (const kind of Object.keys(belongings) as Kind[]) {
    const entries: { id: unknown }[] = []
    let isComplete = false
    while (!isComplete && entries.length < mostEntries && bytes < mostBytes) {
      const page = await belongings[kind](tx, userId, { after: entries.at(-1)?.id, size: pageSize })
      for (const entry of page) {
        bytes += Buffer.byteLength(JSON.stringify(entry))
        entries.push(entry)
      }
      isComplete = page.length < pageSize
    }
    sections.push([kind, { isComplete, entries }])
  }
  return { madeAt: new Date().toISOString(), account, ...Object.fromEntries(sections) }
}
