// People and jobs for k6, made in the database at once: a thousand registrations would take longer than what is looked at.
import type { Cast } from '../../tools/load/program.ts'
import type { Context } from '../context/context.ts'

const jobs = 10_000

/** Everybody has the password of one person who registered: three of four look for work. */
export async function crowdOf({ api, sql }: Context, users: number): Promise<Cast> {
  const { email, password } = await api.as('client')
  const people = await sql.owner<Cast['people'][number]>(
    `INSERT INTO users (email, name, role, password_hash)
     SELECT 'crowd-' || n || '@seaworthy.test', 'Crowd', CASE n % 4 WHEN 0 THEN 'client' ELSE 'worker' END, password_hash
     FROM users, generate_series(1, $1::int) n WHERE email = $2 RETURNING email, role`,
    [users, email],
  )
  const made = await sql.owner<{ id: string }>(
    `INSERT INTO jobs (client_id, slug, title, description, category, budget_amount, budget_currency, status, published_at)
     SELECT users.id, 'crowd-' || n, 'Mend crane ' || n, repeat('It no longer turns. ', 20),
       (ARRAY['design', 'engineering', 'marketing', 'operations', 'support', 'writing', 'other'])[1 + n % 7],
       1000 + n, 'EUR', 'open', now() - n * interval '1 minute'
     FROM users, generate_series(1, $1::int) n WHERE email = $2 RETURNING id`,
    [jobs, email],
  )
  await sql.owner('ANALYZE users, jobs')
  return { password, people, jobs: made.map(({ id }) => id) }
}
