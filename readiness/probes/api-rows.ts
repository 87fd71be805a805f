// Rows that the probes of lists need: by SQL, because only so many of them can share one time, or be thousands.
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'

type Sql = Context['sql']
export type Jobs = {
  clientId: string
  count: number
  /** From a time that all rows share, counted from one day ago. */
  hours?: number
  budget?: number
  status?: 'draft' | 'open' | 'closed'
  category?: string
  skills?: string[]
  title?: string
  description?: string
}

const day = `date_trunc('day', now()) - interval '1 day'`

/** Answers their ids. */
export async function insertJobs(sql: Sql, jobs: Jobs): Promise<string[]> {
  const { clientId, count, hours = 0, budget = 500, status = 'open', category = 'other', skills = ['painting'] } = jobs
  const { title = 'Paint a lighthouse', description = 'White, and one red ring.' } = jobs
  const rows = await sql.owner<{ id: string }>(
    `INSERT INTO jobs (client_id, slug, title, description, category, skills, budget_amount, budget_currency, status, created_at, published_at, closed_at)
     SELECT $1, 'lighthouse-' || gen_random_uuid(), $2, $3, $4, $5::text[], $6, 'EUR', $7, at,
       CASE WHEN $7 = 'draft' THEN NULL ELSE at END, CASE WHEN $7 = 'closed' THEN at END
     FROM generate_series(1, $8), (SELECT ${day} + make_interval(hours => $9)) AS times (at)
     RETURNING id`,
    [clientId, title, description, category, skills, budget, status, count, hours],
  )
  return rows.map(({ id }) => id)
}

/**
 * `count` closed jobs with an application of the worker and a contract each, as many notifications and sessions of the worker, and one job with
 * as many applications of others: all of one time.
 */
export async function insertRowsOfAgreements(
  sql: Sql,
  { client, worker, count }: { client: Person; worker: Person; count: number },
) {
  const at = `${day} + make_interval(hours => $2)`
  // Some are added at the same time: each has slots of its own.
  let slots = 0
  const [jobId = ''] = await insertJobs(sql, { clientId: client.id, count: 1, status: 'closed' })
  await addAgreement(0, count)
  await addApplication(0, count)
  await addNotification(0, count)
  await addSession(0, count)
  await addPayment(0, count)
  await addUpload(0, count)
  return { jobId, addAgreement, addApplication, addNotification, addSession, addUser, addPayment, addUpload }

  async function addAgreement(hours: number, number = 1) {
    const jobs = await insertJobs(sql, { clientId: client.id, count: number, hours, status: 'closed' })
    await sql.owner(
      `WITH applied AS (
         INSERT INTO applications (job_id, worker_id, cover_letter, status, created_at)
         SELECT unnest($1::uuid[]), $3, 'I can.', 'accepted', ${at} RETURNING id, job_id, created_at
       )
       INSERT INTO contracts (job_id, application_id, client_id, worker_id, amount, currency, created_at)
       SELECT job_id, id, $4, $3, 500, 'EUR', created_at FROM applied`,
      [jobs, hours, worker.id, client.id],
    )
  }

  function addApplication(hours: number, number = 1) {
    return sql.owner(
      `WITH people AS (
         INSERT INTO users (email, name, role, password_hash)
         SELECT gen_random_uuid() || '@example.com', 'A worker', 'worker', '$argon2id$none' FROM generate_series(1, $3)
         RETURNING id
       )
       INSERT INTO applications (job_id, worker_id, cover_letter, created_at)
       SELECT $1, id, 'I can, too.', ${at} FROM people`,
      [jobId, hours, number],
    )
  }

  /** Accounts stand in the order of their ids. */
  function addUser(hours: number) {
    return sql.owner(
      `INSERT INTO users (id, email, name, role, password_hash)
       SELECT id, id || '@example.com', 'A worker', 'worker', '$argon2id$none' FROM (SELECT uuidv7(make_interval(hours => $1)) AS id) AS new`,
      [hours],
    )
  }

  function addUpload(hours: number, number = 1) {
    const before = slots
    slots += number
    return sql.owner(
      `INSERT INTO uploads (user_id, object, slot, name, media_type, size, created_at, stored_at)
       SELECT $1, gen_random_uuid(), $4 + number, 'cv.pdf',
         'application/pdf', 1, ${at}, now()
       FROM generate_series(1, $3) AS number`,
      [worker.id, hours, number, before],
    )
  }

  /** Sessions stand in the order of their ids. */
  function addSession(hours: number, number = 1) {
    return sql.owner(
      `INSERT INTO sessions (id, user_id, user_agent, address_hash)
       SELECT uuidv7(make_interval(hours => $2)), $1, 'a tablet', 'none' FROM generate_series(1, $3)`,
      [worker.id, hours, number],
    )
  }

  function addPayment(hours: number, number = 1) {
    return sql.owner(
      `INSERT INTO payments (kind, user_id, amount, currency, method, status, failure, created_at, finished_at)
       SELECT 'payout', $1, 100, 'EUR', 'acct_worker', 'failed', 'planted', ${at}, now() FROM generate_series(1, $3)`,
      [worker.id, hours, number],
    )
  }

  function addNotification(hours: number, number = 1) {
    return sql.owner(
      `INSERT INTO notifications (user_id, event_id, kind, data, created_at)
       SELECT $1, gen_random_uuid(), 'application.accepted', jsonb_build_object('text', 'Accepted.', 'jobId', $4::text), ${at}
       FROM generate_series(1, $3)`,
      [worker.id, hours, number, jobId],
    )
  }
}

/** Audit rows of one object; what it answers puts one in front of them, or behind, as a transaction does that commits late. */
export async function insertAuditRows(sql: Sql, objectId: string, count: number) {
  const [kept] = await sql.owner<{ id: string }>("SELECT nextval(pg_get_serial_sequence('audit_log', 'id')) AS id")
  await sql.owner(
    "INSERT INTO audit_log (action, object_type, object_id) SELECT 'lamp.lit', 'lamp', $1 FROM generate_series(1, $2)",
    [objectId, count],
  )
  return (side: 'before' | 'after') =>
    sql.owner(
      `INSERT INTO audit_log (id, action, object_type, object_id) OVERRIDING SYSTEM VALUE
       VALUES (coalesce($1, nextval(pg_get_serial_sequence('audit_log', 'id'))), 'lamp.lit', 'lamp', $2)`,
      [side === 'after' ? kept?.id : null, objectId],
    )
}
