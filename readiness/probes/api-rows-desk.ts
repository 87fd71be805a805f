// The part of api-rows.ts about reviews, disputes and dead letters.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { insertJobs } from './api-rows.ts'

type Parties = { client: Person; worker: Person }

const at = (hours: string) => `date_trunc('day', now()) - interval '1 day' + make_interval(hours => ${hours})`
const ends = {
  released: [
    'funded_at, delivered_at, approved_at, releases_at, ended_at',
    'created_at, created_at, created_at, created_at, created_at',
  ],
  disputed: ['funded_at, disputed_at, disputed_by, dispute_reason', "created_at, created_at, $4::uuid, 'It leaks'"],
} as const

export function deskRows({ sql }: Context, { client, worker }: Parties) {
  return { addReview, addDispute, addDeadLetter }

  /** Of the worker, by the client. */
  async function addReview(hours: number, count = 1) {
    const contracts = await addContracts('released', hours, count)
    await sql.owner(
      `INSERT INTO reviews (contract_id, author_id, subject_id, rating, text, visible_at)
       SELECT unnest($1::uuid[]), $2, $3, 5, 'As red as was said.', ${at('$4')}`,
      [contracts, client.id, worker.id, hours],
    )
  }

  function addDispute(hours: number, count = 1) {
    return addContracts('disputed', hours, count)
  }

  async function addContracts(status: keyof typeof ends, hours: number, count: number): Promise<string[]> {
    const jobs = await insertJobs(sql, { clientId: client.id, count, hours, status: 'closed' })
    const [columns, values] = ends[status]
    const rows = await sql.owner<{ id: string }>(
      `WITH applied AS (
         INSERT INTO applications (job_id, worker_id, cover_letter, status, created_at)
         SELECT unnest($1::uuid[]), $3, 'I can.', 'accepted', ${at('$2')} RETURNING id, job_id, created_at
       )
       INSERT INTO contracts (job_id, application_id, client_id, worker_id, amount, currency, created_at, status, ${columns})
       SELECT job_id, id, $4::uuid, $3, 500, 'EUR', created_at, '${status}', ${values} FROM applied RETURNING id`,
      [jobs, hours, worker.id, client.id],
    )
    return rows.map(({ id }) => id)
  }

  /** Of a kind that nobody puts back; what it answers puts one in front of them, or behind, as in insertAuditRows. */
  async function addDeadLetter(count: number) {
    const sequence = "nextval(pg_get_serial_sequence('outbox', 'position'))"
    const [kept] = await sql.owner<{ position: string }>(`SELECT ${sequence} AS position`)
    const plant = (position: string | null, number: number) =>
      sql.owner(
        `INSERT INTO outbox (position, aggregate, kind, payload, published_at, dead_at, error) OVERRIDING SYSTEM VALUE
         SELECT coalesce($1::bigint, ${sequence}), $2, 'lamp.dimmed', '{}', now(), now(), 'planted' FROM generate_series(1, $3)`,
        [position, `lamp:${randomUUID()}`, number],
      )
    await plant(null, count)
    return (side: 'before' | 'after') => plant(side === 'after' ? (kept?.position ?? null) : null, 1)
  }
}
