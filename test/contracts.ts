// Contracts by SQL alone, for tests of what is beneath the routes.
import { withClient } from '../tools/create-database.ts'
import type { ScratchDatabase } from '../tools/scratch-databases.ts'

export type MadeContract = { id: string; clientId: string; workerId: string; amount: number; currency: string }

/** A contract for each amount, all of one new client, each with a worker of its own. */
export async function insertContracts(
  { ownerUrl }: Pick<ScratchDatabase, 'ownerUrl'>,
  amounts: number[],
  currency = 'EUR',
): Promise<MadeContract[]> {
  const { rows } = await withClient(ownerUrl, (owner) =>
    owner.query(
      `WITH wanted AS (SELECT amount, uuidv7() AS id FROM unnest($1::bigint[]) AS amount),
      client AS (
        INSERT INTO users (email, name, role, password_hash) VALUES ('client-' || uuidv7() || '@example.com', 'A client', 'client', '$argon2id$')
        RETURNING id
      ), worker AS (
        INSERT INTO users (id, email, name, role, password_hash)
        SELECT id, 'worker-' || id || '@example.com', 'A worker', 'worker', '$argon2id$' FROM wanted
      ), job AS (
        INSERT INTO jobs (id, client_id, slug, title, description, category, budget_amount, budget_currency)
        SELECT wanted.id, client.id, 'job-' || wanted.id, 'A job', 'Work', 'other', amount, $2 FROM wanted CROSS JOIN client
      ), application AS (
        INSERT INTO applications (id, job_id, worker_id, cover_letter) SELECT id, id, id, 'Me' FROM wanted
      )
      INSERT INTO contracts (id, job_id, application_id, client_id, worker_id, amount, currency)
      SELECT wanted.id, wanted.id, wanted.id, client.id, wanted.id, amount, $2 FROM wanted CROSS JOIN client
      RETURNING id, client_id AS "clientId", worker_id AS "workerId", amount::float8 AS amount, currency`,
      [amounts, currency],
    ),
  )
  return rows
}
