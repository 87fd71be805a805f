import { expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'
import { withClient } from '../../../tools/create-database.ts'

const { services, signUp, database } = await buildTestApp()
const { jobs } = services
const client = await signUp('client')

test('the purge removes what was deleted longer ago than the retention, and nothing else', async () => {
  const [kept, fresh, old] = await Promise.all([1, 2, 3].map(() => jobs.create(client, newJob())))
  for (const job of [fresh, old]) await jobs.remove(client, job?.id ?? '')
  const age = (days: number, id = '') =>
    withClient(database.ownerUrl, (owner) =>
      owner.query('UPDATE jobs SET deleted_at = now() - make_interval(days => $1) WHERE id = $2', [days, id]),
    )
  await age(29, fresh?.id)
  await age(31, old?.id)

  expect(await jobs.purge(30)).toBe(1)
  const left = await withClient(database.ownerUrl, (owner) => owner.query('SELECT id FROM jobs ORDER BY id'))
  expect(left.rows.map(({ id }) => id)).toEqual([kept?.id, fresh?.id].sort())
  expect(await jobs.restore(client, fresh?.id ?? '')).toMatchObject({ id: fresh?.id })
  expect(await jobs.purge(30)).toBe(0)
})

test('a deletion waits for an acceptance under way, and sees its contract', async () => {
  const worker = await signUp('worker')
  const job = await jobs.publish(client, (await jobs.create(client, newJob())).id)
  const application = await services.applications.apply(worker, job.id, { coverLetter: 'Me!' })

  await withClient(database.adminUrl, async (admin) => {
    await admin.query('BEGIN')
    await admin.query('SELECT FROM jobs WHERE id = $1 FOR UPDATE', [job.id])
    const removed = jobs.remove(client, job.id).catch((error) => error)
    const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while ((await admin.query(waiting)).rowCount === 0) await admin.query('SELECT pg_stat_clear_snapshot()')
    const contract =
      'INSERT INTO contracts (job_id, application_id, client_id, worker_id, amount, currency) VALUES ($1, $2, $3, $4, 1, $5)'
    await admin.query(contract, [job.id, application.id, client.id, worker.id, 'EUR'])
    await admin.query('COMMIT')
    expect(await removed).toMatchObject({ status: 409, code: 'JOB_UNDER_CONTRACT' })
  })
  expect(await jobs.get(undefined, job.id)).toMatchObject({ id: job.id })
})
