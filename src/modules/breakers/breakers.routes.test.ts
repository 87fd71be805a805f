import { afterEach, expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import { createMetrics } from '../../lib/metrics.ts'
import { createOutside } from '../../lib/outside.ts'
import { createBreakersService } from './breakers.service.ts'

const { call, signUp, services, database, db } = await buildTestApp()
const [admin, support, client] = [await signUp('admin'), await signUp('support'), await signUp('client')]
const { audit } = services

/** Another process, with a breaker that opens at the first failure. */
function openProcess(name = 'weather') {
  const outside = createOutside({ metrics: createMetrics(), failures: 1, openFor: 60_000 })
  const guard = outside.guard(name, { code: 'AWAY', atOnce: 1 })
  const breakers = createBreakersService({ db, audit, outside })
  const fail = () => guard.run(() => Promise.reject(new Error('away'))).catch(() => {})
  return { outside, guard, breakers, fail }
}

const owner = (text: string) => withClient(database.ownerUrl, async (login) => (await login.query(text)).rows)
const list = async () => (await call('GET', '/v1/admin/breakers', { as: support })).json().data
const reset = (name: string, as = admin) => call('PUT', `/v1/admin/breakers/${name}/reset`, { as })
afterEach(() => owner('DELETE FROM breakers'))

test('the breakers of every process are listed, as each last said', async () => {
  const [one, other] = [openProcess(), openProcess()]
  await one.fail()
  await one.breakers.tell('seaworthy-api')
  await other.breakers.tell('seaworthy-worker')
  expect(await list()).toEqual([
    {
      ...{ name: 'weather', process: expect.any(String), service: 'seaworthy-api', host: expect.any(String) },
      ...{ state: 'open', failures: 1, openedAt: expect.stringMatching(/Z$/), seenAt: expect.stringMatching(/Z$/) },
    },
    expect.objectContaining({ service: 'seaworthy-worker', state: 'closed', failures: 0, openedAt: null }),
  ])
})

test('this service has breakers for what it calls', async () => {
  await services.breakers.tell('seaworthy-test')
  expect((await list()).map(({ name }: { name: string }) => name)).toEqual(['cache', 'mail', 'payments', 'uploads'])
})

test('a change is told at the next turn, and what has not changed only now and then', async () => {
  const one = openProcess()
  await one.breakers.tell('seaworthy-api')
  const [before] = await list()
  await one.breakers.tell('seaworthy-api')
  expect(await list()).toEqual([before])
  await one.fail()
  await one.breakers.tell('seaworthy-api')
  expect(await list()).toMatchObject([{ process: before.process, state: 'open' }])
})

test('a process that ended is not listed: at once when it says so, and soon when it does not', async () => {
  const [ended, killed] = [openProcess(), openProcess('traffic')]
  const telling = await ended.breakers.keepTelling('seaworthy-api')
  await killed.breakers.tell('seaworthy-api')
  expect(await list()).toHaveLength(2)
  await telling.close()
  expect(await list()).toMatchObject([{ name: 'traffic' }])
  await owner("UPDATE breakers SET seen_at = now() - interval '31 seconds'")
  expect(await list()).toEqual([])
  await owner("UPDATE breakers SET seen_at = now() - interval '61 seconds'")
  await openProcess().breakers.tell('seaworthy-api')
  expect(await owner('SELECT name FROM breakers')).toEqual([{ name: 'weather' }])
})

test('a reset closes the breakers of that name in every process, is audited once, and may be repeated', async () => {
  const [one, other, later] = [openProcess(), openProcess('traffic'), openProcess()]
  await Promise.all([one, other].flatMap(({ breakers }) => [breakers.follow(), breakers.tell('seaworthy-api')]))
  await Promise.all([one.fail(), other.fail()])
  const done = await reset('weather')
  expect([done.statusCode, done.json()]).toEqual([
    200,
    { name: 'weather', resetBy: admin.id, resetAt: expect.stringMatching(/Z$/) },
  ])
  await Promise.all([one.breakers.follow(), other.breakers.follow(), later.breakers.follow()])
  expect([one.guard.isOpen(), other.guard.isOpen()]).toEqual([false, true])
  await one.fail()
  await one.breakers.follow()
  expect(one.guard.isOpen()).toBe(true)
  expect((await reset('weather')).json().resetAt > done.json().resetAt).toBe(true)
  await one.breakers.follow()
  expect(one.guard.isOpen()).toBe(false)
  const rows = await owner("SELECT actor_id, after FROM audit_log WHERE action = 'breaker.reset'")
  expect(rows).toEqual([
    { actor_id: admin.id, after: { plain: { breaker: 'weather' } } },
    { actor_id: admin.id, after: { plain: { breaker: 'weather' } } },
  ])
})

test('what was reset before a process started does not concern it', async () => {
  const one = openProcess()
  await one.breakers.tell('seaworthy-api')
  await reset('weather')
  const late = openProcess()
  await late.fail()
  await late.breakers.follow()
  expect(late.guard.isOpen()).toBe(true)
})

test('a breaker of this process is closed at once', async () => {
  const { outside } = services
  const guard = outside.guard('lamps', { code: 'AWAY', atOnce: 1 })
  for (let turn = 0; turn < 5; turn++) await guard.run(() => Promise.reject(new Error('away'))).catch(() => {})
  expect(guard.isOpen()).toBe(true)
  expect((await reset('lamps')).statusCode).toBe(200)
  expect(guard.isOpen()).toBe(false)
})

test('a breaker that there is not is 404, and a name that none can have is 400', async () => {
  expect((await reset('nonsense')).json()).toMatchObject({ status: 404, code: 'BREAKER_NOT_FOUND' })
  expect((await reset('Two_words')).statusCode).toBe(400)
})

test('support may look and not reset, others neither', async () => {
  for (const [as, looks, resets] of [
    [support, 200, 403],
    [client, 403, 403],
  ] as const)
    expect([
      (await call('GET', '/v1/admin/breakers', { as })).statusCode,
      (await reset('mail', as)).statusCode,
    ]).toEqual([looks, resets])
  expect((await call('GET', '/v1/admin/breakers')).statusCode).toBe(401)
})
