// Who plays, and what they agreed on before it begins.
import { randomUUID } from 'node:crypto'
import { withClient } from '../create-database.ts'
import { createCaller, join } from '../journey.ts'
import type { Contract } from './workload.ts'

type Person = Awaited<ReturnType<typeof join>>
export type Scene = { clients: Person[]; workers: Person[]; admin: Person; contracts: Contract[] }
type Options = { url: string; ownerUrl: string; count: number; price: (number: number) => number }

/** `count` contracts between a few people, each of another price. */
export async function setScene({ url, ownerUrl, count, price }: Options): Promise<Scene> {
  const call = createCaller(url, 60_000)
  const few = Array.from({ length: Math.max(2, Math.ceil(count / 40)) })
  const clients = await Promise.all(few.map(() => join(call, 'client')))
  const workers = await Promise.all(few.map(() => join(call, 'worker')))
  const admin = await joinStaff()
  const contracts: Contract[] = []
  const lane = async (first: number) => {
    for (let number = first; number < count; number += 4) contracts[number] = await agree(number)
  }
  await Promise.all([0, 1, 2, 3].map(lane))
  return { clients, workers, admin, contracts }

  /** Nobody can register as staff: the operator makes them. */
  async function joinStaff(): Promise<Person> {
    const [email, password] = [`admin-${randomUUID()}@example.com`, randomUUID()]
    const account = { email, password, name: 'An admin', role: 'client' }
    const { id } = await call('POST', '/v1/auth/register', { body: account })
    await withClient(ownerUrl, (owner) => owner.query("UPDATE users SET role = 'admin' WHERE id = $1", [id]))
    const { accessToken } = await call('POST', '/v1/auth/login', { body: { email, password } })
    return { id, email, token: String(accessToken) }
  }

  async function agree(number: number): Promise<Contract> {
    const [client, worker] = [number % clients.length, Math.floor(number / 3) % workers.length]
    const [as, other] = [clients[client], workers[worker]]
    const budget = { amount: price(number), currency: 'EUR' }
    const body = { title: `Job ${number}`, description: 'Work.', category: 'operations', budget }
    const job = await call('POST', '/v1/jobs', { as, body })
    await call('POST', `/v1/jobs/${job.id}/publication`, { as })
    const application = await call('POST', `/v1/jobs/${job.id}/applications`, {
      as: other,
      body: { coverLetter: 'Me.' },
    })
    const { id } = await call('POST', `/v1/applications/${application.id}/acceptance`, { as })
    return { id, client, worker, price: budget.amount }
  }
}
