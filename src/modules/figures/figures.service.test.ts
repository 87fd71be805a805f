import { expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'
import { withClient } from '../../../tools/create-database.ts'

const { services, signUp, database } = await buildTestApp()
const kept = () =>
  withClient(database.ownerUrl, async (owner) => {
    const { rows } = await owner.query('SELECT day::text, name, value::int FROM daily_figures ORDER BY day, name')
    return rows
  })

test('what is made on a day is counted, again until the day is over, and stays', async () => {
  const client = await signUp('client')
  await services.jobs.create(client, newJob())
  const now = new Date()
  const day = (days: number) => new Date(now.getTime() + days * 86_400_000)
  const name = (date: Date) => date.toISOString().slice(0, 10)
  expect(await services.figures.count(now)).toMatchObject({ people: 1, jobs: 1, applications: 0 })
  await services.jobs.create(client, newJob())
  expect(await services.figures.count(now)).toMatchObject({ people: 1, jobs: 2 })
  // The next day counts this one for the last time.
  expect(await services.figures.count(day(1))).toMatchObject({ people: 0, jobs: 0 })
  await services.figures.count(day(2))
  const jobs = (await kept()).filter((row) => row.name === 'jobs')
  expect(jobs.map(({ day, value }) => [day, value])).toEqual([
    [name(day(-1)), 0],
    [name(now), 2],
    [name(day(1)), 0],
    [name(day(2)), 0],
  ])
})
