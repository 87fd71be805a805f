import type { Tx } from '../../db/client.ts'
import { and, eq, sql } from '../../db/drizzle.ts'
import { contracts } from '../../db/tables.ts'
import type { ContractRow } from './contracts.repository.ts'

/** One page and one row more of what is disputed, the oldest dispute first. */
export async function listDisputed(
  db: Tx,
  { limit, after }: { limit: number; after: (string | number)[] | undefined },
): Promise<ContractRow[]> {
  const beyond = after && sql`(${contracts.disputedAt}, ${contracts.id}) > (${after[0]}, ${after[1]})`
  return db
    .select()
    .from(contracts)
    .where(and(eq(contracts.status, 'disputed'), beyond))
    .orderBy(contracts.disputedAt, contracts.id)
    .limit(limit + 1)
}
