import type { Tx } from '../../db/client.ts'
import { desc, eq } from '../../db/drizzle.ts'
import { sessions } from '../../db/tables.ts'

/** Where the latest sessions of a user began, ended ones too. */
export function listDevices(db: Tx, userId: string): Promise<{ userAgent: string; addressHash: string }[]> {
  return db
    .select({ userAgent: sessions.userAgent, addressHash: sessions.addressHash })
    .from(sessions)
    .where(eq(sessions.userId, userId))
    .orderBy(desc(sessions.id))
    .limit(50)
}
