// For whatever answers 202: an operation is made in the transaction that accepts the work, and ended in the one that has done it.
import type { Database, Tx } from '../../db/client.ts'
import type { Reads } from '../../db/reads.ts'
import type { Actor } from '../../lib/actor.ts'
import type { Operation, OperationResult } from '../../lib/operation.schemas.ts'
import { operationNotFound } from './operations.errors.ts'
import {
  findOperation,
  insertOperation,
  markEnded,
  markRunning,
  type OperationRow,
  purgeExpired,
} from './operations.repository.ts'

/** Days after which an operation is forgotten, whatever became of it. */
const keptDays = 30

export type OperationsService = ReturnType<typeof createOperationsService>

export function createOperationsService({ db, reads }: { db: Database; reads: Pick<Reads, 'newest'> }) {
  return { create, start, finish, fail, get, purge: () => purgeExpired(db) }

  /** `kind` in small words with dashes, as in data-export. */
  async function create(tx: Tx, actor: Pick<Actor, 'id'>, kind: string): Promise<Operation> {
    return toOperation(await insertOperation(tx, actor.id, kind, keptDays))
  }

  /** Says that the work has begun; what has begun or ended already stays as it is. */
  function start(id: string): Promise<void> {
    return markRunning(db, id)
  }

  /** The first end counts: answers whether this was it. */
  function finish(tx: Tx, id: string, result: OperationResult): Promise<boolean> {
    return markEnded(tx, id, { status: 'succeeded', result })
  }

  /** For good. `error` is for the person who asked, in at most 500 characters. */
  function fail(tx: Tx, id: string, error: string): Promise<boolean> {
    return markEnded(tx, id, { status: 'failed', error })
  }

  /** For who asked for it; to everyone else it does not exist. */
  async function get(actor: Actor, id: string, tx: Tx = reads.newest): Promise<Operation> {
    const row = await findOperation(tx, actor.id, id)
    if (!row) throw operationNotFound(id)
    return toOperation(row)
  }
}

function toOperation({ userId: _, result, ...row }: OperationRow): Operation {
  return { ...row, result: result as OperationResult | null }
}
