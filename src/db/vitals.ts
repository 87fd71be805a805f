// What the database says of itself and of what waits in it, for a metric of a worker: each a question that an index answers.
import type { Database } from './client.ts'
import { sql } from './drizzle.ts'

export type DatabaseVitals = {
  /** Events whose effect is not recorded, and the age of the oldest of them. */
  outboxWaiting: number
  outboxAgeSeconds: number
  deadLetters: number
  /** Of the service's own logins. */
  oldestTransactionSeconds: number
  sizeBytes: number
}

export async function readVitals(db: Database): Promise<DatabaseVitals> {
  const { rows } = await db.execute<Record<keyof DatabaseVitals, string>>(sql`
    SELECT
      (SELECT count(*) FROM outbox WHERE handled_at IS NULL AND dead_at IS NULL) AS "outboxWaiting",
      coalesce((SELECT extract(epoch FROM now() - created_at) FROM outbox
        WHERE handled_at IS NULL AND dead_at IS NULL ORDER BY position LIMIT 1), 0) AS "outboxAgeSeconds",
      (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL) AS "deadLetters",
      (SELECT coalesce(extract(epoch FROM max(now() - xact_start)), 0) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS "oldestTransactionSeconds",
      pg_database_size(current_database()) AS "sizeBytes"`)
  const [row] = rows
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)])) as DatabaseVitals
}

/** Of each kind of backup, and of the drill; what is not known is undefined. Times are seconds since 1970. */
export type BackupVitals = { kind: string } & Record<
  'finishedAt' | 'failedAt' | 'bytes' | 'seconds',
  number | undefined
>

/** When each kind of backup, and the drill, last succeeded and failed, how large the last good one is, and how long it took. */
export async function readBackups(db: Database): Promise<BackupVitals[]> {
  const { rows } = await db.execute<Record<keyof BackupVitals, string | null>>(sql`
    SELECT kind, extract(epoch FROM finished_at) AS "finishedAt", extract(epoch FROM failed_at) AS "failedAt", bytes, seconds FROM backups`)
  const known = (value: string | null) => (value === null ? undefined : Number(value))
  return rows.map(({ kind, finishedAt, failedAt, bytes, seconds }) => ({
    kind: String(kind),
    finishedAt: known(finishedAt),
    failedAt: known(failedAt),
    bytes: known(bytes),
    seconds: known(seconds),
  }))
}
