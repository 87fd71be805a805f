import { expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'
import { withClient } from '../../../tools/create-database.ts'

const { services, signUp, database } = await buildTestApp()
const { jobs, expiry } = services
const sql = (text: string, values: unknown[] = []) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)

test('jobs that were open for too long are closed, as the system; drafts, fresh and deleted ones are not', async () => {
  const client = await signUp('client')
  const [old, fresh, draft, deleted] = await Promise.all([1, 2, 3, 4].map(() => jobs.create(client, newJob())))
  const ids = [old, fresh, deleted].map((job) => job?.id ?? '')
  for (const id of ids) await jobs.publish(client, id)
  await jobs.remove(client, deleted?.id ?? '')
  await sql("UPDATE jobs SET published_at = now() - interval '61 days' WHERE id = ANY ($1)", [[old?.id, deleted?.id]])
  await sql("UPDATE jobs SET published_at = now() - interval '59 days' WHERE id = $1", [fresh?.id])
  await jobs.get(undefined, old?.id ?? '')

  expect(await expiry.expire(60)).toBe(1)
  expect(await jobs.get(undefined, old?.id ?? '')).toMatchObject({ status: 'closed', version: 3 })
  expect(await jobs.get(undefined, fresh?.id ?? '')).toMatchObject({ status: 'open' })
  expect(await jobs.get(client, draft?.id ?? '')).toMatchObject({ status: 'draft' })
  const trail = await sql("SELECT * FROM audit_log WHERE action = 'job.closed'")
  expect(trail).toMatchObject([
    {
      object_id: old?.id,
      actor_id: null,
      actor_role: null,
      after: { plain: { status: 'closed', because: 'expired' } },
    },
  ])
  expect(await expiry.expire(60)).toBe(0)
})
