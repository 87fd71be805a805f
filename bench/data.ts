// What the database of a run holds: people and open jobs with names that follow from their numbers.
import { hash } from '@node-rs/argon2'
import { withClient } from '../tools/create-database.ts'

export const workers = 1000
/** Of each client: one page, after which there is none. */
const jobsOfClient = 20
/** The defaults of the service, by which the bare program hashes too (ARGON2_*, PASSWORD_HASHES_AT_ONCE). */
export const passwords = { memoryCost: 19_456, timeCost: 2, parallelism: 1, atOnce: 2 }
export const password = 'correct horse battery staple'

export const clientId = (number: number) => idOf('8000', number)
export const workerId = (number: number) => idOf('9000', number)
export const jobId = (number: number) => idOf('a000', number)
export const emailOf = (number: number) => `worker-${number}@example.com`

const idOf = (group: string, number: number) => `00000000-0000-7000-${group}-${String(number).padStart(12, '0')}`

const numbered = (group: string, number: string) =>
  `('00000000-0000-7000-${group}-' || lpad((${number})::text, 12, '0'))::uuid`

export async function fillDatabase({ adminUrl }: { adminUrl: string }, jobs: number): Promise<void> {
  const { memoryCost, timeCost, parallelism } = passwords
  const passwordHash = await hash(password, { memoryCost, timeCost, parallelism })
  await withClient(adminUrl, async (admin) => {
    await admin.query(peopleOf('client', '8000', Math.ceil(jobs / jobsOfClient)), [passwordHash])
    await admin.query(peopleOf('worker', '9000', workers), [passwordHash])
    await admin.query(jobsOf, [jobs])
    await admin.query('ANALYZE')
  })
}

const peopleOf = (role: string, group: string, count: number) => `
  INSERT INTO users (id, email, name, role, password_hash)
  SELECT ${numbered(group, 'n')}, '${role}-' || n || '@example.com', initcap('${role}') || ' ' || n, '${role}', $1
  FROM generate_series(0, ${count - 1}) AS n`

const jobsOf = `
  INSERT INTO jobs (id, client_id, slug, title, description, category, skills, budget_amount, budget_currency, status, published_at)
  SELECT ${numbered('a000', 'n')}, ${numbered('8000', `n / ${jobsOfClient}`)}, 'mend-the-crane-' || n, 'Mend the crane of dock ' || n,
    'The crane of dock ' || n || ' no longer turns. Its motor hums, the gear is stuck, and two ships wait for their load. '
      || 'Who comes brings tools and knows hydraulics; there is a workshop, a forklift, and coffee at all hours.',
    (ARRAY['design', 'engineering', 'marketing', 'operations', 'support', 'writing', 'other'])[n % 7 + 1],
    ARRAY['hydraulics', 'welding', 'skill ' || n % 50], 10000 + n % 90000, 'EUR', 'open', now() - n * interval '1 minute'
  FROM generate_series(0, $1 - 1) AS n`

/** The number of a pair of a worker and a job. Neighbours are about different jobs, so that no two wait for one row. */
export function pairOf(number: number, jobs: number): { worker: number; job: number } {
  const worker = number % workers
  return { worker, job: (worker * 7 + Math.floor(number / workers)) % jobs }
}

/** The same for pgbench, of its variable `pair`: what sets the two numbers, and what stands for both ids in a statement. */
export const pairsInPgbench = {
  variables: (jobs: number) => [
    `\\set worker :pair % ${workers}`,
    `\\set job (:worker * 7 + :pair / ${workers}) % ${jobs}`,
  ],
  worker: numbered('9000', ':worker'),
  job: numbered('a000', ':job'),
}
