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
