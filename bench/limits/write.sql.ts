// The statements of one application: key, work, audit row, event and stored answer in one transaction, as the service sends them. A word in
// braces is a value; the bare programs put in what stands for it there.
export const statements = {
  begin: 'BEGIN',
  commit: 'COMMIT',

  claim: `INSERT INTO idempotency_keys (caller, route, key, body_hash) VALUES ({worker}::text, {route}, {key}, {hash})
ON CONFLICT (caller, route, key) DO UPDATE SET body_hash = {hash}, status = NULL, body = NULL, created_at = now()
WHERE idempotency_keys.created_at < now() - interval '24 hours' RETURNING key`,

  hold: `SELECT id, client_id, slug, title, description, category, skills, budget_amount, budget_currency, status, version,
created_at, updated_at, published_at, closed_at, deleted_at, listed_at FROM jobs WHERE id = {job} AND deleted_at IS NULL FOR SHARE`,

  apply: `INSERT INTO applications (job_id, worker_id, cover_letter) VALUES ({job}, {worker}, {letter})
ON CONFLICT (job_id, worker_id) DO NOTHING RETURNING *`,

  record: `INSERT INTO audit_log (actor_id, actor_role, action, object_type, object_id, request_id, after, person_id, address_hash)
VALUES ({worker}, 'worker', 'application.submitted', 'application', {id}, {key}, {after}, {worker}, 'of-nobody')`,

  tell: `WITH added AS (INSERT INTO outbox (aggregate, kind, payload, request_id)
VALUES ('application:' || {id}::text, 'application.submitted', {facts}, {key}) RETURNING position)
SELECT pg_notify('outbox', '') FROM added`,

  store: `UPDATE idempotency_keys SET status = 201, body = {answer}
WHERE caller = {worker}::text AND route = {route} AND key = {key}`,
}
