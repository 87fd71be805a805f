// What readiness asks the database.
import { AppError } from '../lib/errors.ts'
import { type Check, Unasked } from '../lib/readiness.ts'
import type { Database } from './client.ts'
import { sql } from './drizzle.ts'
import { pendingMigrations } from './migrations.ts'

export function databaseChecks(db: Database): Check[] {
  let [isReadOnly, wasReadOnly] = [false, false]

  return [
    { name: 'postgres', covered: 'database-away', check: answers },
    { name: 'schema', after: 'postgres', check: schemaIsCurrent },
    { name: 'writes', covered: 'read-only', after: 'postgres', startsWithout: true, check: takesWrites },
  ]

  async function answers() {
    const asked = db.execute<{ transaction_read_only: 'on' | 'off' }>(sql`SHOW transaction_read_only`)
    const { rows } = await asked.catch(() => Promise.reject(new Error('out of reach')))
    isReadOnly = rows[0]?.transaction_read_only === 'on'
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
