import { expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import { createMetrics } from '../../lib/metrics.ts'
import { createAudit } from '../audit/audit.service.ts'
import { createSwitchesService } from './switches.service.ts'

const { call, signUp, services, database, db } = await buildTestApp()
const [admin, support, client] = [await signUp('admin'), await signUp('support'), await signUp('client')]
const url = '/v1/admin/switches/cache-off'
const turnOn = (reason: unknown, as = admin) => call('PUT', url, { as, body: { reason } })
const turnOff = () => call('DELETE', url, { as: admin })
const audited = async () =>
  (
    await withClient(database.ownerUrl, (owner) =>
      owner.query(
        "SELECT action, actor_id FROM audit_log JOIN switches s ON s.id = object_id WHERE name = 'cache-off' ORDER BY audit_log.id",
      ),
    )
  ).rows.map((row) => [row.action, row.actor_id])

test('a switch is turned on with a reason and off again; each turn takes effect at once, and is audited once', async () => {
  expect((await turnOn('It told old prices')).json()).toEqual({
    name: 'cache-off',
    isOn: true,
    reason: 'It told old prices',
    changedBy: admin.id,
    changedAt: expect.stringMatching(/Z$/),
  })
  expect([services.switches.isOn('cache-off'), services.switches.isOn('read-only')]).toEqual([true, false])
  const again = (await turnOn('It told old prices')).json()
  expect((await call('GET', '/v1/admin/switches', { as: support })).json().data).toEqual([
    again,
    { name: 'read-only', isOn: false, reason: null, changedBy: null, changedAt: null },
  ])
  expect((await turnOff()).json()).toMatchObject({ isOn: false, reason: null, changedBy: admin.id })
  expect((await turnOff()).json()).toMatchObject({ isOn: false })
  expect(services.switches.isOn('cache-off')).toBe(false)
  expect(await audited()).toEqual([
    ['switch.turned-on', admin.id],
    ['switch.turned-off', admin.id],
  ])
})

test('another reason is a change of its own', async () => {
  await turnOn('One')
  await turnOn('Another')
  expect((await audited()).length).toBe(4)
  expect((await turnOff()).statusCode).toBe(200)
})

test.each([[undefined], [''], ['a'.repeat(501)], [7], ['null \0 character']])(
  'a reason that is %j is 400, and nothing is switched on',
  async (reason) => {
    expect((await turnOn(reason)).statusCode).toBe(400)
    expect(services.switches.isOn('cache-off')).toBe(false)
  },
)

test('a switch that there is not is 404, and a name that none can have is 400', async () => {
  const body = { reason: 'Why not' }
  expect((await call('PUT', '/v1/admin/switches/lights-off', { as: admin, body })).json()).toMatchObject({
    status: 404,
    code: 'SWITCH_NOT_FOUND',
  })
  expect((await call('DELETE', '/v1/admin/switches/lights-off', { as: admin })).statusCode).toBe(404)
  expect((await call('PUT', '/v1/admin/switches/Lights_Off', { as: admin, body })).statusCode).toBe(400)
})

test('support may look and not turn, others neither', async () => {
  expect((await turnOn('Why', support)).statusCode).toBe(403)
  expect((await turnOn('Why', client)).statusCode).toBe(403)
  for (const [as, status] of [
    [support, 200],
    [client, 403],
  ] as const)
    expect((await call('GET', '/v1/admin/switches', { as })).statusCode).toBe(status)
  expect((await call('GET', '/v1/admin/switches')).statusCode).toBe(401)
})

test('another process follows within a second or two, and one whose database is away keeps what it knew', async () => {
  let broken = false
  const shaky = new Proxy(db, {
    get: (target, name) => {
      if (broken) throw new Error('out of reach')
      return Reflect.get(target, name)
    },
  })
  const other = createSwitchesService({
    db: shaky,
    audit: createAudit({ seal: services.seal, metrics: createMetrics() }).audit,
  })
  await other.refresh()
  expect(other.isOn('cache-off')).toBe(false)
  await turnOn('For both')
  const fresh = await other.keepFresh()
  expect(other.isOn('cache-off')).toBe(true)
  broken = true
  await expect(other.refresh()).rejects.toThrow('out of reach')
  expect(other.isOn('cache-off')).toBe(true)
  await fresh.close()
  broken = false
  await turnOff()
  await other.refresh()
  expect(other.isOn('cache-off')).toBe(false)
})

test('what was read before a switch was turned here does not undo it', async () => {
  const reading = services.switches.refresh()
  await services.switches.turnOn(admin, 'cache-off', { reason: 'At once' })
  await reading
  expect(services.switches.isOn('cache-off')).toBe(true)
  await turnOff()
})
