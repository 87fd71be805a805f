import type { Reads } from '../../db/reads.ts'
import type { Actor } from '../../lib/actor.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import type { Seal } from '../../lib/seal.ts'
import { type ListedRow, listAudit, type Recorded } from './audit.repository.ts'
import type { AuditEntry, AuditQuery } from './audit.schemas.ts'
import { openPersonSeal, purposeOfRow } from './audit.service.ts'

type Deps = { reads: Reads; cursors: Cursors; seal: Seal }
type Fields = Record<string, unknown>

export type TrailService = ReturnType<typeof createTrailService>

export function createTrailService({ reads, cursors, seal }: Deps) {
  return { list }

  /** The newest first. Personal parts are opened where the key of the person still is. */
  async function list(actor: Actor, { cursor, limit, ...filter }: AuditQuery): Promise<Page<AuditEntry>> {
    const name = `audit ${JSON.stringify(filter, Object.keys(filter).sort())}`
    const rows = await listAudit(reads.recent(actor), filter, { limit, after: cursors.read(cursor, name) })
    const { data, page } = cursors.pageOf(rows, limit, name, ({ id }) => [id])
    return { data: data.map(toEntry), page }
  }

  function toEntry({ before, after, sealedKey, txid: _, actorRole, ...row }: ListedRow): AuditEntry {
    const opened = [before, after].map((side) => open(side, row.personId, sealedKey))
    return {
      ...row,
      actorRole: actorRole as AuditEntry['actorRole'],
      isForgotten: opened.includes(undefined),
      changes: [
        ...differences(before?.plain ?? {}, after?.plain ?? {}, false),
        ...differences(opened[0] ?? {}, opened[1] ?? {}, true),
      ],
    }
  }

  /** The personal part of one side; undefined where nothing opens it any more, which must not hide the rest of the list. */
  function open(side: Recorded | null, personId: string | null, sealedKey: string | null): Fields | undefined {
    if (side?.sealed === undefined) return {}
    if (side.sealed === null || !personId || !sealedKey) return undefined
    try {
      return JSON.parse(openPersonSeal(seal, personId, sealedKey).open(side.sealed, purposeOfRow(personId)).toString())
    } catch {
      return undefined
    }
  }
}

function differences(before: Fields, after: Fields, isPersonal: boolean): AuditEntry['changes'] {
  const json = (fields: Fields, field: string) => (field in fields ? JSON.stringify(fields[field]) : null)
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].map((field) => ({ field, before: json(before, field), after: json(after, field), isPersonal }))
}
