// Takes contracts along their legal path by SQL alone, as if money had moved: for tests of what stands beside it.

import { withClient } from '../tools/create-database.ts'
import type { buildTestApp, Person } from './app.ts'
import { newJob } from './builders.ts'

type Services = Awaited<ReturnType<typeof buildTestApp>>['services']

const steps = {
  funding: "status = 'funding'",
  funded: "status = 'funded', funded_at = now()",
  delivered: "status = 'delivered', delivered_at = now()",
  approved: "status = 'approved', approved_at = now(), releases_at = now()",
  released: "status = 'released', ended_at = now()",
  disputed:
    "status = 'disputed', disputed_at = clock_timestamp(), disputed_by = client_id, dispute_reason = 'It leaks'",
  resolved: "status = 'resolved', worker_share = amount, ended_at = now()",
  cancelled: "status = 'cancelled', ended_at = now()",
}
const paths = {
  accepted: [],
  funded: ['funding', 'funded'],
  delivered: ['funding', 'funded', 'delivered'],
  released: ['funding', 'funded', 'delivered', 'approved', 'released'],
  disputed: ['funding', 'funded', 'disputed'],
  resolved: ['funding', 'funded', 'disputed', 'resolved'],
  cancelled: ['cancelled'],
} as const

export type State = keyof typeof paths
export const states = Object.keys(paths) as State[]

/** A contract between the two that is in this state; answers its id. */
export async function contractIn(
  state: State,
  { services: { jobs, applications }, database }: { services: Services; database: { ownerUrl: string } },
  { client, worker }: { client: Person; worker: Person },
): Promise<string> {
  const { id: jobId } = await jobs.create(client, newJob())
  await jobs.publish(client, jobId)
  const application = await applications.apply(worker, jobId, { coverLetter: 'Me' })
  const { id } = await applications.accept(client, application.id)
  for (const step of paths[state])
    await withClient(database.ownerUrl, (owner) =>
      owner.query(`UPDATE contracts SET ${steps[step]} WHERE id = $1`, [id]),
    )
  return id
}
