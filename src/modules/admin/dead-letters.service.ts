// Events that could not be told: rows of the outbox, where nothing evicts them. What `npm run dead-letters` does, and /v1/admin.
import type { Database, Tx } from '../../db/client.ts'
import { runOnce } from '../../db/once.ts'
import { listDead, type Revived, reviveDead } from '../../db/outbox.ts'
import type { Reads } from '../../db/reads.ts'
import type { Actor, Seen } from '../../lib/actor.ts'
import type { Once } from '../../lib/once.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import type { Audit } from '../audit/audit.service.ts'
import { deadLetterNotFound } from './dead-letters.errors.ts'
import type { DeadLetter, DeadLetterQuery, Redrive, Redriven } from './dead-letters.schemas.ts'

type Deps = { db: Database; reads: Pick<Reads, 'newest'>; cursors: Cursors; audit: Audit }
/** An operator at a terminal is nobody whom the service knows. */
type Operator = Actor | Seen

export type DeadLettersService = ReturnType<typeof createDeadLettersService>

export function createDeadLettersService({ db, reads, cursors, audit }: Deps) {
  return { list, redrive, redriveMany }

  /** The newest first. */
  async function list({ cursor, limit, kind }: DeadLetterQuery): Promise<Page<DeadLetter>> {
    const name = `dead letters ${kind ?? ''}`
    const rows = await listDead(reads.newest, { limit: limit + 1, kind, before: cursors.read(cursor, name)?.[0] })
    const { data, page } = cursors.pageOf(rows, limit, name, ({ position }) => [position])
    return { data: data.map(toDeadLetter), page }
  }

  /** Of two at once the second finds none: DEAD_LETTER_NOT_FOUND (404). */
  function redrive(operator: Operator, id: string, once?: Once): Promise<Redriven> {
    return runOnce(db, once, async (tx) => {
      const revived = await reviveDead(tx, { id, limit: 1 })
      if (revived.length === 0) throw deadLetterNotFound(id)
      return written(tx, operator, revived)
    })
  }

  /** The oldest first, at most `limit`: those that another call is putting back are passed over. None is no error. */
  function redriveMany(operator: Operator, which: Redrive, once?: Once): Promise<Redriven> {
    return runOnce(db, once, async (tx) => written(tx, operator, await reviveDead(tx, which)))
  }

  /** One row in the trail for a call that put something back, however much that was: of its first event, with the count. */
  async function written(tx: Tx, operator: Operator, revived: Revived[]): Promise<Redriven> {
    const [first] = revived
    if (first) {
      const after = { kind: first.kind, count: revived.length }
      await audit(tx, operator, 'dead-letter.redriven', first.id, { after })
    }
    return { data: revived }
  }
}

type DeadRow = Awaited<ReturnType<typeof listDead>>[number]

function toDeadLetter({ id, kind, aggregate, requestId, createdAt, deadAt, error }: DeadRow): DeadLetter {
  const shown = (error ?? '').replace(/[^\s<>,;:"]+@[^\s<>,;:"]+/g, '(address)')
  return { id, kind, aggregate, requestId, createdAt, deadAt: deadAt ?? '', error: shown }
}
