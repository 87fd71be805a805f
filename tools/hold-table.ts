// Keeps every other session from a table, so that work which needs it stands still at that very point.
import pg from 'pg'

export type Held = Awaited<ReturnType<typeof holdTable>>

/** `adminUrl` belongs to a superuser. Closing without release is a release too. */
export async function holdTable(adminUrl: string, table: string) {
  const admin = new pg.Client(adminUrl)
  admin.on('error', () => {})
  await admin.connect()
  await admin.query('BEGIN')
  await admin.query(`LOCK TABLE ${admin.escapeIdentifier(table)} IN ACCESS EXCLUSIVE MODE`)
  // Databases that were copied from one template have the same numbers for their tables.
  const waiting = `SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE datname = current_database() AND relation = $1::regclass AND NOT granted`
  return {
    release: () => admin.query('ROLLBACK'),
    /** How many sessions wait for it now. */
    waiting: async () => (await admin.query(waiting, [table])).rowCount ?? 0,
    /** Resolves when someone waits for it. Has no time limit. */
    awaited: async () => {
      while ((await admin.query(waiting, [table])).rowCount === 0);
    },
    close: () => admin.end(),
  }
}
