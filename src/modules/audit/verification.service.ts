import type { Database } from '../../db/client.ts'
import type { Signer } from '../../lib/signer.ts'
import type { Checkpoint, Finding, Verification } from './audit.schemas.ts'
import {
  findLastSeal,
  findSeal,
  listLoose,
  listSealedRows,
  listSeals,
  type SealRow,
  type StoredRow,
} from './seals.repository.ts'
import { hashOf, sha256, signedText } from './seals.service.ts'

type Deps = { db: Database; signer: Signer }
type Kind = Finding['kind']
/** A row that is not what its seal holds; `found` is undefined where it is gone. */
type Mismatch = { seal: number; row: number; sealed: string; found: string | undefined }
type Look = ReturnType<typeof newLook>

/** Seals, and loose rows, that are read at once. */
const page = 20
const loosePage = 5000
/** More are counted and not told one by one. */
const most = 100

export type VerificationService = ReturnType<typeof createVerificationService>

export function createVerificationService({ db, signer }: Deps) {
  return { verify, verifyCheckpoint, verifyLatest }

  /** Looks at `limit` seals from a number on, at the rows that they hold, and at those that none holds. */
  async function verify({ since = 1, limit = Number.POSITIVE_INFINITY } = {}): Promise<Verification> {
    const look = newLook()
    let previous = since > 1 ? await findSeal(db, since - 1) : undefined
    if (since > 1 && !previous) look.found('seal-missing', since - 1, null, `Seal ${since - 1} is gone`)
    const first = await walk()
    // As many rows as those seals may hold, so that a look at a few takes a time that is known.
    await lookAtLoose(look, first, previous, Math.ceil((limit * 1000) / loosePage))
    return look.result(first?.number ?? null, first ? (previous?.number ?? null) : null)

    /** Answers the first seal; `previous` is then the last one. */
    async function walk(): Promise<SealRow | undefined> {
      let first: SealRow | undefined
      while (look.seals < limit) {
        const from = (previous?.number ?? since - 1) + 1
        const seals = await listSeals(db, from, Math.min(page, limit - look.seals))
        const [start] = seals
        if (!start) break
        first ??= start
        const rows = Map.groupBy(await listSealedRows(db, from, seals.at(-1)?.number ?? from), ({ seal }) => seal)
        for (const seal of seals) {
          lookAtSeal(look, seal, previous, since)
          lookAtRows(look, seal, rows.get(seal.number) ?? [])
          previous = seal
        }
      }
      return first
    }
  }

  /** The last `limit` seals. */
  async function verifyLatest(limit: number): Promise<Verification> {
    const last = await findLastSeal(db)
    return verify({ since: Math.max(1, (last?.number ?? 0) - limit + 1), limit })
  }

  /** Whether the trail still holds a seal that was exported. Undefined when it does. */
  async function verifyCheckpoint({ seal, signed, signature, keyId }: Checkpoint): Promise<Finding | undefined> {
    const lost = (detail: string): Finding => ({ kind: 'checkpoint-lost', seal, row: null, detail })
    const isOurs = signer.verifies(signed, Buffer.from(signature, 'base64'), keyId) && JSON.parse(signed).seal === seal
    if (!isOurs) return lost('The checkpoint is not signed by a key of this service')
    const row = await findSeal(db, seal)
    if (!row) return lost(`The trail has no seal ${seal} any more`)
    return signedText(row) === signed ? undefined : lost(`Seal ${seal} is another one than when it was exported`)
  }

  function lookAtSeal(look: Look, seal: SealRow, previous: SealRow | undefined, since: number): void {
    look.seals++
    const { number } = seal
    const forged = (detail: string) => look.found('seal-forged', number, null, detail)
    const expected = (previous?.number ?? since - 1) + 1
    if (number !== expected) look.found('seal-missing', expected, null, `Seals ${expected} to ${number - 1} are gone`)
    if (!signer.verifies(signedText(seal), seal.signature, seal.keyId)) forged(`Seal ${number} is not signed by us`)
    if (!sha256(seal.hashes).equals(seal.root)) forged(`Seal ${number} holds other hashes than were signed`)
    const link = previous ? sha256(signedText(previous)) : Buffer.alloc(32)
    const isLinked = number !== expected || (since > 1 && !previous) || seal.previous.equals(link)
    if (!isLinked) forged(`Seal ${number} does not follow on the one before it`)
  }

  function lookAtRows(look: Look, seal: SealRow, rows: StoredRow[]): void {
    const there = new Map(rows.map((row) => [row.id, row]))
    const ids = idsOf(seal)
    look.rows += ids.length
    for (const [place, id] of ids.entries()) {
      const sealed = seal.hashes.subarray(place * 32, place * 32 + 32).toString('hex')
      const row = there.get(id)
      const found = row && hashOf(row).toString('hex')
      if (found !== sealed) look.mismatches.push({ seal: seal.number, row: id, sealed, found })
    }
  }

  /** Rows that no seal holds: they are new, unless seals of later transactions stand there already. */
  async function lookAtLoose(
    look: Look,
    first: SealRow | undefined,
    last: SealRow | undefined,
    pages: number,
  ): Promise<void> {
    let after: number | null = first && first.number > 1 ? (idsOf(first)[0] ?? 1) - 1 : 0
    for (let read = 0; after !== null && read < pages; read++) {
      const { lastId, loose } = await listLoose(db, after, loosePage)
      for (const { id, txid } of loose) {
        const isLate = last && (txid < last.seenTxid || id <= last.floorId)
        if (isLate) look.found('row-inserted', null, id, `Row ${id} was put in behind the seals`)
        else look.unsealed++
      }
      after = lastId
    }
  }
}

/** The ids that a seal holds; none where they are not as many as its hashes, which only a forged one has. */
function idsOf({ rowIds, hashes }: SealRow): number[] {
  const ranges = [...rowIds.matchAll(/\[(\d+),(\d+)\)/g)].map(([, from, to]) => [Number(from), Number(to)] as const)
  const count = ranges.reduce((sum, [from, to]) => sum + to - from, 0)
  if (count * 32 !== hashes.length) return []
  return ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, place) => from + place))
}

function newLook() {
  const findings: Finding[] = []
  const look = { seals: 0, rows: 0, unsealed: 0, count: 0, mismatches: [] as Mismatch[], found, result }
  return look

  function found(kind: Kind, seal: number | null, row: number | null, detail: string): void {
    look.count++
    if (findings.length < most) findings.push({ kind, seal, row, detail })
  }

  function result(firstSeal: number | null, lastSeal: number | null): Verification {
    tellMismatches()
    const { seals, rows, unsealed, count } = look
    return { isSound: count === 0, seals, firstSeal, lastSeal, rows, unsealed, found: count, findings }
  }

  /** A row whose content was sealed under another id took the place of another; any other was edited. */
  function tellMismatches(): void {
    const places = new Map(look.mismatches.map(({ sealed, row }) => [sealed, row]))
    for (const { seal, row, found: content } of look.mismatches) {
      const from = content && places.get(content)
      if (content === undefined) found('row-deleted', seal, row, `Row ${row} is gone`)
      else if (from) found('row-reordered', seal, row, `Row ${row} holds what was sealed as row ${from}`)
      else found('row-edited', seal, row, `Row ${row} says something else than when it was sealed`)
    }
  }
}
