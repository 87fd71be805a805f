// What the database has of a run, held against what people were answered. Where every answer arrived both are the same; a call without
// an answer may have been heard, and so may one that was told to come again.
import { setTimeout as delay } from 'node:timers/promises'
import { countOf } from './figures.ts'
import type { Summary } from './program.ts'

/** `unknown`: calls of which nobody knows what they did. */
export type Agreement = { name: string; counted: number; unknown: number; found: number; agrees: boolean }

/** Milliseconds until payments that the provider has not answered yet are settled. */
const patience = 60_000

/** Rows of the people of the run ($1), made since it began ($2). */
const made: Record<string, string> = {
  signed_in: 'sessions t JOIN users u ON u.id = t.user_id WHERE t.created_at >= $2',
  posted: 'jobs t JOIN users u ON u.id = t.client_id WHERE t.created_at >= $2',
  applied: 'applications t JOIN users u ON u.id = t.worker_id WHERE t.created_at >= $2',
  accepted: 'contracts t JOIN users u ON u.id = t.client_id WHERE t.created_at >= $2',
  funded: 'contracts t JOIN users u ON u.id = t.client_id WHERE t.funded_at >= $2',
}
const pending = "payments t JOIN users u ON u.id = t.user_id WHERE t.status = 'pending' AND t.created_at >= $2"

/** Asks the database as its owner. */
export type Query = (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>
type Run = { summary: Summary; emails: readonly string[]; since: Date }

/** The database's own clock, which made the times of its rows. */
export async function timeOf(query: Query): Promise<Date> {
  const [row] = await query('SELECT clock_timestamp() AS now')
  return row?.now as Date
}

/** Waits for payments that are under way. */
export async function holdAgainst(query: Query, { summary, emails, since }: Run): Promise<Agreement[]> {
  const count = async (rows: string) => {
    const [row] = await query(`SELECT count(*)::int AS found FROM ${rows} AND u.email = ANY($1)`, [emails, since])
    return Number(row?.found)
  }
  for (const end = performance.now() + patience; (await count(pending)) > 0 && performance.now() < end; )
    await delay(200)
  const all: Agreement[] = []
  for (const [name, rows] of Object.entries(made)) {
    const [counted, unknown] = [countOf(summary, name), countOf(summary, `${name}_unknown`)]
    const found = await count(rows)
    all.push({ name, counted, unknown, found, agrees: found >= counted && found <= counted + unknown })
  }
  return all
}
