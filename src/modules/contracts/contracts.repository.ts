import type { Tx } from '../../db/client.ts'
import { and, eq, or, sql } from '../../db/drizzle.ts'
import { contracts } from '../../db/tables.ts'

export type ContractRow = typeof contracts.$inferSelect

export async function insertContract(tx: Tx, row: typeof contracts.$inferInsert): Promise<ContractRow> {
  const [made] = await tx.insert(contracts).values(row).returning()
  return made as ContractRow
}

export async function findContract(db: Tx, id: string): Promise<ContractRow | undefined> {
  const [row] = await db.select().from(contracts).where(eq(contracts.id, id))
  return row
}

/** One page and one row more of a party's contracts, the oldest first; everyone's where there is no party. */
export async function listContracts(
  db: Tx,
  party: string | undefined,
  { limit, after }: { limit: number; after: (string | number)[] | undefined },
): Promise<ContractRow[]> {
  const own = party ? or(eq(contracts.clientId, party), eq(contracts.workerId, party)) : undefined
  const beyond = after && sql`(${contracts.createdAt}, ${contracts.id}) > (${after[0]}, ${after[1]})`
  return db
    .select()
    .from(contracts)
    .where(and(own, beyond))
    .orderBy(contracts.createdAt, contracts.id)
    .limit(limit + 1)
}
