// Who takes part in a run, and over which jobs: everybody an account of their own.
import { randomUUID } from 'node:crypto'
import { withClient } from '../create-database.ts'
import { createCaller } from '../journey.ts'
import type { Cast } from './program.ts'

type Person = Cast['people'][number]

/** How many people of four give work; the others look for it. */
const clientsOfFour = 1
/** So many jobs are browsed at the most. */
const mostJobs = 20_000
/** The most accounts that are made at a time: each takes one hash of a password. */
const lanes = 4

/** Whether the one at this place of the cast gives work. */
const isClient = (at: number) => at % 4 < clientsOfFour

/** Of a database that was seeded: people who can sign in, and jobs that anyone may see, most wanted first. */
export function castOf(ownerUrl: string, users: number, password: string): Promise<Cast> {
  return withClient(ownerUrl, async (owner) => {
    const of = async (role: Person['role']) => {
      const { rows } = await owner.query<Person>(
        'SELECT email, role FROM users WHERE role = $1 AND blocked_at IS NULL AND erased_at IS NULL ORDER BY id LIMIT $2',
        [role, users],
      )
      return rows
    }
    const [clients, workers] = [await of('client'), await of('worker')]
    const people = Array.from({ length: users }, (_, at) => (isClient(at) ? clients : workers).shift())
    const found = people.filter((person) => person !== undefined)
    if (found.length < users) throw new Error(`The database has people for ${found.length} of ${users}: seed more jobs`)
    const { rows } = await owner.query<{ id: string }>(
      "SELECT id FROM jobs WHERE status <> 'draft' AND deleted_at IS NULL ORDER BY md5(id::text) LIMIT $1",
      [mostJobs],
    )
    return { password, people: found, jobs: rows.map(({ id }) => id) }
  })
}

/** Over HTTP: people are registered, jobs are those that anyone finds. `say` hears what takes time. */
export async function castAt(url: string, users: number, say: (line: string) => void): Promise<Cast> {
  const call = createCaller(url, 0, (seconds) => say(`a limit is reached, and waited for: ${seconds} s`))
  const password = randomUUID()
  const people: Person[] = []
  let next = 0
  const lane = async () => {
    for (let at = next++; at < users; at = next++) {
      const role = isClient(at) ? 'client' : 'worker'
      const email = `load-${randomUUID()}@example.com`
      await call('POST', '/v1/auth/register', { body: { email, password, name: 'Load', role } })
      people.push({ email, role })
    }
  }
  say(`${users} people are registered`)
  await Promise.all(Array.from({ length: lanes }, lane))
  const jobs: string[] = []
  let cursor: string | null = ''
  while (cursor !== null && jobs.length < mostJobs) {
    const { data, page } = (await call('GET', `/v1/jobs?limit=100${cursor && `&cursor=${cursor}`}`)) as unknown as Page
    jobs.push(...data.map(({ id }) => id))
    cursor = page.next
  }
  if (jobs.length === 0) throw new Error(`${url} has no jobs to look at`)
  return { password, people, jobs }
}

type Page = { data: { id: string }[]; page: { next: string | null } }
