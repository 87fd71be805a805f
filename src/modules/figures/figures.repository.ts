import type { Tx } from '../../db/client.ts'
import { sql } from '../../db/drizzle.ts'
import { applications, contracts, dailyFigures, jobs, payments, reviews, users } from '../../db/tables.ts'

/** Of what was made on a day: whose number of rows, under which name. */
const figures = [
  ['people', users],
  ['jobs', jobs],
  ['applications', applications],
  ['contracts', contracts],
  ['payments', payments],
  ['reviews', reviews],
] as const

/** Counts a day of UTC, as `2026-01-31`, and keeps the figures in place of those that were there. Answers them by name. */
export async function countDay(tx: Tx, day: string): Promise<Record<string, number>> {
  const from = firstIdOf(new Date(day))
  const to = firstIdOf(new Date(Date.parse(day) + 86_400_000))
  const counted = figures.map(
    ([name, table]) =>
      sql`SELECT ${day}::date, ${name}::text, count(*) FROM ${table} WHERE ${table.id} >= ${from}::uuid AND ${table.id} < ${to}::uuid`,
  )
  const { rows } = await tx.execute<{ name: string; value: string }>(sql`
    INSERT INTO ${dailyFigures} (day, name, value) ${sql.join(counted, sql` UNION ALL `)}
    ON CONFLICT (day, name) DO UPDATE SET value = excluded.value
    RETURNING name, value`)
  return Object.fromEntries(rows.map(({ name, value }) => [name, Number(value)]))
}

/** Ids are UUIDv7, so what was made in a time is a range of the primary key: 48 bits of milliseconds come first (RFC 9562, 5.7). */
function firstIdOf(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
