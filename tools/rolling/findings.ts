// What the database has of the writes of a run, held against what was answered.
import type { Outcome } from './load.ts'
import { keyOf, titleOf } from './requests.ts'

type Query = (text: string, values: unknown[]) => Promise<{ rows: { title?: string; key?: string; id: string }[] }>
export type Findings = { rows: number; keys: number; faults: string[] }

/** Whatever is no success: a refusal, a reset, or no answer at all. */
export const isLost = ({ status }: Outcome) => status < 200 || status >= 300

/** Every write that was answered 2xx has exactly one row, and every row exactly one key. */
export async function findFaults(query: Query, run: string, outcomes: readonly Outcome[]): Promise<Findings> {
  const jobs = await query('SELECT id, title FROM jobs WHERE title LIKE $1', [`${titleOf(run, 0).slice(0, -1)}%`])
  const stored = await query(`SELECT key, body->>'id' AS id FROM idempotency_keys WHERE key LIKE $1`, [`${run}-%`])
  const rows = idsBy(jobs.rows.filter(({ title }) => /\d$/.test(title ?? '')).map(({ title = '', id }) => [title, id]))
  const keys = idsBy(stored.rows.map(({ key = '', id }) => [key, id]))
  const faults: string[] = []
  const told = (what: string, found: readonly (number | string)[]) => {
    if (found.length > 0) faults.push(`${found.length} ${what}, such as ${found[0]}`)
  }
  const written = outcomes.filter((one) => one.name === 'draft' && !isLost(one))
  told(
    'writes were answered and are not there',
    written.flatMap(({ number, text }) => {
      const { id } = JSON.parse(text) as { id: string }
      return rows.get(titleOf(run, number))?.includes(id) ? [] : [number]
    }),
  )
  told(
    'writes were done more than once',
    [...rows].flatMap(([title, ids]) => (ids.length > 1 ? [title] : [])),
  )
  told(
    'rows have not exactly one key, which is theirs',
    [...rows].flatMap(([title, ids]) => {
      const theirs = keys.get(keyOf(run, Number(title.split(' ').at(-1)))) ?? []
      return theirs.length === 1 && ids.includes(theirs[0] ?? '') ? [] : [title]
    }),
  )
  told(
    'keys have no row',
    [...keys].flatMap(([key]) => (rows.has(titleOf(run, Number(key.slice(run.length + 1)))) ? [] : [key])),
  )
  if (written.length === 0) faults.push('no write was answered: nothing was examined')
  return { rows: jobs.rows.length, keys: stored.rows.length, faults }
}

function idsBy(pairs: [name: string, id: string][]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [name, id] of pairs) found.set(name, [...(found.get(name) ?? []), id])
  return found
}
