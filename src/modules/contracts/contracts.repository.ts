import type { Tx } from '../../db/client.ts'
import { and, eq, type SQL, sql, unionAll } from '../../db/drizzle.ts'
import { contracts } from '../../db/tables.ts'

export type ContractRow = typeof contracts.$inferSelect
type Moment = 'fundedAt' | 'deliveredAt' | 'approvedAt' | 'disputedAt' | 'endedAt'
/** What changes with a step besides the state: the moment that it is, and, in seconds from it, that of the release. */
export type Step = { at?: Moment; releasesIn?: number } & Partial<
  Pick<ContractRow, 'disputedBy' | 'disputeReason' | 'workerShare'>
>

export async function insertContract(tx: Tx, row: typeof contracts.$inferInsert): Promise<ContractRow> {
  const [made] = await tx.insert(contracts).values(row).returning()
  return made as ContractRow
}

export async function findContract(db: Tx, id: string): Promise<ContractRow | undefined> {
  const [row] = await db.select().from(contracts).where(eq(contracts.id, id))
  return row
}

/** The same, for this transaction alone until it ends. */
export async function lockContract(tx: Tx, id: string): Promise<ContractRow | undefined> {
  const [row] = await tx.select().from(contracts).where(eq(contracts.id, id)).for('no key update')
  return row
}

export async function updateContract(
  tx: Tx,
  id: string,
  status: ContractRow['status'],
  { at, releasesIn, ...step }: Step,
): Promise<ContractRow> {
  const [row] = await tx
    .update(contracts)
    .set({
      ...{ ...step, status, updatedAt: sql`now()` },
      ...(at && { [at]: sql`now()` }),
      ...(releasesIn !== undefined && { releasesAt: sql`now() + make_interval(secs => ${releasesIn}::float8)` }),
    })
    .where(eq(contracts.id, id))
    .returning()
  return row as ContractRow
}

/** What has come: the moment of the release, or the end of the days in which it could have been paid. */
export type Due = 'release' | { unpaidFor: number }

const isDue = (due: Due) =>
  due === 'release'
    ? sql`${contracts.status} = 'approved' AND ${contracts.releasesAt} <= now()`
    : sql`${contracts.status} = 'accepted' AND ${contracts.createdAt} < now() - make_interval(days => ${due.unpaidFor})`

export async function listDue(db: Tx, due: Due, limit: number): Promise<string[]> {
  const rows = await db.select({ id: contracts.id }).from(contracts).where(isDue(due)).limit(limit)
  return rows.map(({ id }) => id)
}

/** Undefined when it is due no more, or somebody else has it. */
export async function lockDue(tx: Tx, due: Due, id: string): Promise<ContractRow | undefined> {
  const it = and(eq(contracts.id, id), isDue(due))
  const [row] = await tx.select().from(contracts).where(it).for('no key update', { skipLocked: true })
  return row
}

/**
 * One page and one row more of a party's contracts, the oldest first; everyone's where there is no party. Nobody is both parties of one,
 * so that a page is the first rows of two lists, each read in the order of its index: OR would walk the contracts of everybody.
 */
export async function listContracts(
  db: Tx,
  party: string | undefined,
  { limit, after }: { limit: number; after: (string | number)[] | undefined },
): Promise<ContractRow[]> {
  const beyond = after && sql`(${contracts.createdAt}, ${contracts.id}) > (${after[0]}, ${after[1]})`
  const first = (own?: SQL) =>
    db
      .select()
      .from(contracts)
      .where(and(own, beyond))
      .orderBy(contracts.createdAt, contracts.id)
      .limit(limit + 1)
  if (!party) return first()
  return unionAll(first(eq(contracts.clientId, party)), first(eq(contracts.workerId, party)))
    .orderBy(contracts.createdAt, contracts.id)
    .limit(limit + 1)
}
