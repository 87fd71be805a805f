// What readiness asks the database.
import { AppError } from '../lib/errors.ts'
import { type Check, Unasked } from '../lib/readiness.ts'
import type { Database } from './client.ts'
import { sql } from './drizzle.ts'
import { pendingMigrations } from './migrations.ts'
import type { Standby } from './reads.ts'

// One that a failover has made a standby can't say where it writes.
const placeOfPrimary = sql`
  SELECT current_setting('transaction_read_only') AS read_only,
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn`
const placeOfStandby = sql`SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END AS lsn`

/** Every process tells by them, once a second, how far the standby is behind. */
export function databaseChecks(db: Database, standby?: Standby): Check[] {
  let [isReadOnly, wasReadOnly] = [false, false]

  return [
    { name: 'postgres', covered: standby ? 'primary-away' : 'database-away', check: answers },
    { name: 'schema', after: 'postgres', check: schemaIsCurrent },
    { name: 'writes', covered: 'read-only', after: 'postgres', startsWithout: true, check: takesWrites },
    ...(standby
      ? [{ name: 'standby', covered: 'standby-away', startsWithout: true as const, check: () => follows(standby) }]
      : []),
  ]

  async function answers() {
    const at = performance.now()
    const asked = db.execute<{ read_only: 'on' | 'off'; lsn: string | null }>(placeOfPrimary)
    const { rows } = await asked.catch(() => Promise.reject(new Error('out of reach')))
    isReadOnly = rows[0]?.read_only === 'on'
    if (rows[0]?.lsn) standby?.replay.primaryIsAt(rows[0].lsn, at)
  }

  /** Rejects where it can't take the reads, or is further behind than it may be. */
  async function follows({ db, bound, replay }: Standby) {
    const asked = db.execute<{ lsn: string | null }>(placeOfStandby)
    const { rows } = await asked.catch(() => Promise.reject(new Error('out of reach')))
    if (!rows[0]?.lsn) {
      replay.standbyIsNone()
      throw new Error('takes writes: it follows no primary')
    }
    replay.standbyIsAt(rows[0].lsn)
    if (replay.lacked() > bound) throw new Error(`more than ${bound} ms behind`)
  }

  async function schemaIsCurrent() {
    const pending = await pendingMigrations(db).catch((error) => {
      // It may have gone away since it answered.
      throw error instanceof AppError ? new Unasked('out of reach') : new Error('unknown')
    })
    if (pending.length > 0) throw new Error(`behind by ${pending.join(', ')}: run npm run migrate`)
  }

  /** As the check before it was told. */
  async function takesWrites() {
    // A connection stays read-only where it was made so: only new ones can tell when that is over, or lead to another server.
    if (isReadOnly || wasReadOnly) await db.renew()
    wasReadOnly = isReadOnly
    if (isReadOnly) throw new Error('PostgreSQL is read-only')
  }
}
