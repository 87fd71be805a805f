import type { Tx } from '../../db/client.ts'
import type { Actor } from '../../lib/actor.ts'
import { insertAudit } from './audit.repository.ts'

export type Audit = ReturnType<typeof createAudit>

/** Writes who did what, in the transaction that did it: a change without its row, or a row without its change, can't be. */
export function createAudit() {
  return async (tx: Tx, actor: Actor, action: `${string}.${string}`, objectId: string): Promise<void> => {
    const [objectType = ''] = action.split('.')
    await insertAudit(tx, {
      actorId: actor.id,
      actorRole: actor.role,
      action,
      objectType,
      objectId,
      requestId: actor.requestId ?? null,
    })
  }
}
