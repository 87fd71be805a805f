import type { Tx } from '../../db/client.ts'
import { auditLog } from '../../db/tables.ts'

export async function insertAudit(tx: Tx, row: typeof auditLog.$inferInsert): Promise<void> {
  await tx.insert(auditLog).values(row)
}
