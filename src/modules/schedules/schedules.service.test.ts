import { beforeEach, expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'

const { services, database, call, signUp } = await buildTestApp({ env: { QUEUE_LOCK_MS: '1000' } })
const { schedules } = services
const slot = new Date('2026-01-31T09:00:00.000Z')
const sql = (text: string, values: unknown[] = []) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
const runOf = async (name: string) => (await sql('SELECT * FROM schedule_runs WHERE name = $1', [name]))[0]
const hourly = (name: string, run = async (): Promise<Record<string, number>> => ({ done: 1 })) => ({
  ...{ name, cron: '0 * * * *', run },
})

beforeEach(() => sql('TRUNCATE schedules, schedule_runs'))

test('of two workers one does it, and a third that comes later finds it done', async () => {
  const begun = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const slow = hourly('slow', async () => {
    begun.resolve()
    await end.promise
    return { done: 7 }
  })
  const first = schedules.fire(slow, slot)
  await begun.promise
  await expect(schedules.fire(hourly('slow'), slot)).rejects.toThrow('Another worker is at slow')
  end.resolve()
  expect(await first).toBe(true)
  expect(await schedules.fire(hourly('slow'), slot)).toBe(false)
  expect(await runOf('slow')).toMatchObject({ tries: 1, error: null, result: { done: 7 } })
})

test('another time of the same schedule is another run', async () => {
  expect(await schedules.fire(hourly('often'), slot)).toBe(true)
  expect(await schedules.fire(hourly('often'), new Date(slot.getTime() + 1))).toBe(true)
})

test('what fails keeps its error, and is free at once; its success removes it', async () => {
  const failing = hourly('fragile', () => Promise.reject(new Error('not today')))
  await expect(schedules.fire(failing, slot)).rejects.toThrow('not today')
  expect(await runOf('fragile')).toMatchObject({ finished_at: null, error: 'not today' })
  expect(await schedules.fire(hourly('fragile'), slot)).toBe(true)
  expect(await runOf('fragile')).toMatchObject({ error: null, tries: 2 })
})

test('a run is taken up again whose worker was not seen for the time of the lease, and who lost it changes nothing', async () => {
  const end = Promise.withResolvers<void>()
  const lost = schedules.fire(
    hourly('lost', async () => {
      await sql("UPDATE schedule_runs SET seen_at = now() - interval '2 seconds'")
      await end.promise
      return { done: 1 }
    }),
    slot,
  )
  while ((await sql("SELECT FROM schedule_runs WHERE seen_at < now() - interval '1 second'")).length === 0);
  expect(
    await schedules.fire(
      hourly('lost', async () => ({ done: 2 })),
      slot,
    ),
  ).toBe(true)
  end.resolve()
  await lost
  expect(await runOf('lost')).toMatchObject({ tries: 2, result: { done: 2 } })
})

test('whoever is at it is seen, so that nobody takes it away', async () => {
  const waited = async () => {
    const started = performance.now()
    // Longer than the lease of a second.
    while (performance.now() < started + 1500) await sql('SELECT pg_sleep(0.1)')
    return { done: 1 }
  }
  const long = schedules.fire(hourly('long', waited), slot)
  const late = sql('SELECT pg_sleep(1.2)').then(() => schedules.fire(hourly('long'), slot))
  await expect(late).rejects.toThrow('Another worker is at long')
  expect(await long).toBe(true)
})

test('the watch tells once of what was due twice and not done, also of what never ran, until it is done again', async () => {
  const told: string[] = []
  const watch = () => schedules.watch(({ name }) => told.push(name))
  const gauge = async (name: string) =>
    new RegExp(`seaworthy_schedule_overdue\\{schedule="${name}"\\} (\\d)`).exec(await services.metrics.text())?.[1]
  const minutely = ['never', 'stopped', 'fine'].map((name) => ({ ...hourly(name), cron: '* * * * *' }))
  await schedules.register(minutely)
  await watch()
  expect(told).toEqual([])

  await sql("UPDATE schedules SET known_since = now() - interval '1 hour'")
  await schedules.fire(hourly('stopped'), new Date(Date.now() - 1_800_000))
  await schedules.fire(hourly('fine'), new Date())
  await watch()
  await watch()
  expect(told.sort()).toEqual(['never', 'stopped'])
  expect([await gauge('never'), await gauge('fine')]).toEqual(['1', '0'])

  for (const name of ['never', 'stopped']) await schedules.fire(hourly(name), new Date())
  await watch()
  expect([await gauge('never'), told.length]).toEqual(['0', 2])
})

test('what has new times, or was never known, has missed nothing yet; what is not in the list is forgotten', async () => {
  await schedules.register([hourly('kept'), hourly('left')])
  await sql("UPDATE schedules SET known_since = now() - interval '1 day'")
  await schedules.register([{ ...hourly('kept'), cron: '* * * * *' }, hourly('came')])
  const { data } = await schedules.list()
  expect(data.map(({ name, cron, isOverdue }) => [name, cron, isOverdue])).toEqual([
    ['came', '0 * * * *', false],
    ['kept', '* * * * *', false],
  ])
  await schedules.register([hourly('kept')])
  await sql("UPDATE schedules SET known_since = now() - interval '1 day'")
  await schedules.register([hourly('kept')])
  expect((await schedules.list()).data[0]?.isOverdue).toBe(true)
})

test('old runs are purged, but never the last that was done', async () => {
  for (const days of [50, 40, 1]) await schedules.fire(hourly('daily'), new Date(Date.now() - days * 86_400_000))
  for (const days of [50, 40]) await schedules.fire(hourly('stopped'), new Date(Date.now() - days * 86_400_000))
  expect(await schedules.purge()).toBe(3)
  expect((await sql('SELECT name FROM schedule_runs ORDER BY name')).map(({ name }) => name)).toEqual([
    'daily',
    'stopped',
  ])
})

test('staff see each schedule with its newest run; others do not', async () => {
  await schedules.register([hourly('seen'), hourly('unseen')])
  await expect(
    schedules.fire(
      hourly('seen', () => Promise.reject(new Error('not today'))),
      slot,
    ),
  ).rejects.toThrow()
  const [support, client] = await Promise.all([signUp('support'), signUp('client')])
  const answer = await call('GET', '/v1/admin/schedules', { as: support })
  expect(answer.statusCode).toBe(200)
  expect(answer.json().data).toMatchObject([
    {
      name: 'seen',
      isOverdue: false,
      lastDueAt: slot.toISOString(),
      lastFinishedAt: null,
      tries: 1,
      error: 'not today',
    },
    { name: 'unseen', lastDueAt: null, tries: 0, result: null },
  ])
  await schedules.fire(hourly('seen'), slot)
  const after = await call('GET', '/v1/admin/schedules', { as: support })
  expect(after.json().data[0]).toMatchObject({ result: { done: 1 }, error: null, tries: 2 })
  expect((await call('GET', '/v1/admin/schedules', { as: client })).statusCode).toBe(403)
  expect((await call('GET', '/v1/admin/schedules')).statusCode).toBe(401)
})
