// Rows enough for a full page of every list, around one client and one worker: for what must not depend on the size of a page.

type Query = (text: string, values: unknown[]) => Promise<{ id: string }[]>
type People = { clientId: string; workerId: string }

/** `query` is the owner's. Answers an object of each kind: the job has a full page of applications, and is the client's. */
export async function fillPages(query: Query, { clientId, workerId }: People) {
  const [job] = await addJobs('open', 1)
  const jobId = job?.id ?? ''
  await addJobs('open', 99)
  const agreed = await addJobs('closed', 100)
  await query(
    `INSERT INTO users (email, name, role, password_hash)
     SELECT 'worker-' || gen_random_uuid() || '@example.com', 'A worker', 'worker', '$argon2id$none' FROM generate_series(1, 100)`,
    [],
  )
  await query(
    `INSERT INTO applications (job_id, worker_id, cover_letter)
     SELECT $1, id, 'I can.' FROM users WHERE role = 'worker' AND password_hash = '$argon2id$none'`,
    [jobId],
  )
  const [application] = await query(
    `INSERT INTO applications (job_id, worker_id, cover_letter, status)
     SELECT id, $1, 'I can.', 'accepted' FROM jobs WHERE id = ANY ($2) RETURNING id`,
    [workerId, agreed.map(({ id }) => id)],
  )
  const [contract] = await query(
    `INSERT INTO contracts (job_id, application_id, client_id, worker_id, amount, currency, status, funded_at, disputed_at, disputed_by, dispute_reason)
     SELECT job_id, id, $1, worker_id, 4200, 'EUR', 'disputed', now(), now(), worker_id, 'It leaks' FROM applications WHERE worker_id = $2
     RETURNING id`,
    [clientId, workerId],
  )
  await query(
    `INSERT INTO reviews (contract_id, author_id, subject_id, rating, text, visible_at)
     SELECT id, client_id, worker_id, 5, 'Good.', now() FROM contracts WHERE client_id = $1`,
    [clientId],
  )
  await query(
    `INSERT INTO outbox (aggregate, kind, payload, dead_at, error) SELECT 'lamp:1', 'lamp.lit', '{}', now(), 'planted' FROM generate_series(1, 100)`,
    [],
  )
  const [payment] = await query(
    // They have ended: a worker would try those that have not, and be busy with that.
    `INSERT INTO payments (kind, user_id, contract_id, amount, currency, method, status, failure, finished_at)
     SELECT 'charge', $1, id, amount, currency, 'pm_card_visa', 'failed', 'card_declined', now()
     FROM contracts WHERE client_id = $1 RETURNING id`,
    [clientId],
  )
  await query(
    `INSERT INTO notifications (user_id, event_id, kind, data)
     SELECT $1, uuidv7(), 'application.accepted', jsonb_build_object('jobId', $2::text, 'text', 'Told.') FROM generate_series(1, 100)`,
    [clientId, jobId],
  )
  await query(
    `INSERT INTO uploads (user_id, object, slot, name, media_type, size, stored_at)
     SELECT $1, gen_random_uuid(), slot, 'cv.pdf', 'application/pdf', 1, now() FROM generate_series(101, 200) AS slot`,
    [clientId],
  )
  await query(
    `INSERT INTO sessions (user_id, user_agent, address_hash) SELECT $1, 'a tablet', 'none' FROM generate_series(1, 100)`,
    [clientId],
  )
  await query(
    "INSERT INTO audit_log (action, object_type, object_id) SELECT 'lamp.lit', 'lamp', uuidv7() FROM generate_series(1, 100)",
    [],
  )
  const ids = { applicationId: application?.id ?? '', contractId: contract?.id ?? '', paymentId: payment?.id ?? '' }
  return { jobId, slug: jobId, ...ids }

  function addJobs(status: 'open' | 'closed', count: number) {
    const closed = status === 'closed' ? 'now()' : 'NULL'
    return query(
      `INSERT INTO jobs (id, slug, client_id, title, description, category, budget_amount, budget_currency, status, published_at, closed_at)
       SELECT id, id::text, $1, 'Moor the ferry', 'Before it rains.', 'operations', 12000, 'EUR', $2, now(), ${closed}
       FROM (SELECT uuidv7() AS id FROM generate_series(1, $3)) AS new RETURNING id`,
      [clientId, status, count],
    )
  }
}
