import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import { createMetrics } from '../../lib/metrics.ts'
import type { ChangeFlag } from './flags.schemas.ts'
import { createFlagsService } from './flags.service.ts'

const { call, signUp, services, database, db } = await buildTestApp()
const [admin, support, client] = [await signUp('admin'), await signUp('support'), await signUp('client')]
const sql = (text: string) => withClient(database.ownerUrl, async (owner) => (await owner.query(text)).rows)
const setting = (on: number, changes: Partial<ChangeFlag> = {}): ChangeFlag => ({
  isOn: true,
  split: [
    { variant: 'on', percent: on },
    { variant: 'off', percent: 100 - on },
  ],
  rules: [],
  ...changes,
})
const url = '/v1/admin/flags/live-notifications'
const change = (body: unknown, as = admin, at = url) => call('PUT', at, { as, body })
const mine = async (as = client) =>
  (await call('GET', '/v1/me/flags', { as }))
    .json()
    .data.find(({ name }: { name: string }) => name === 'live-notifications')
const audited = () => sql("SELECT actor_id FROM audit_log WHERE action = 'flag.changed'")
afterEach(async () => {
  await sql('DELETE FROM flags')
  await services.flags.refresh()
})

test('a flag that nobody has changed is as the code says', async () => {
  const { data } = (await call('GET', '/v1/admin/flags', { as: support })).json()
  expect(data).toMatchObject([
    { name: 'live-notifications', ...setting(100), otherwise: 'off', changedBy: null, changedAt: null },
    { name: 'digest-subject', isOn: true, otherwise: 'plain' },
  ])
  expect(await mine()).toEqual({ name: 'live-notifications', variant: 'on', reason: 'SPLIT' })
})

test('a change takes effect at once, is answered, and is audited once', async () => {
  const before = (await audited()).length
  const answer = await change(setting(0))
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toMatchObject({ ...setting(0), changedBy: admin.id, changedAt: expect.stringMatching(/Z$/) })
  expect((await mine()).variant).toBe('off')
  expect(await services.flags.isOn('live-notifications', client)).toBe(false)
  await change(setting(0))
  expect((await audited()).slice(before)).toEqual([{ actor_id: admin.id }])
})

test('the kill switch is for everyone, a rule for some', async () => {
  await change(setting(0, { rules: [{ roles: ['support'], variant: 'on' }] }))
  expect((await mine()).variant).toBe('off')
  expect(await mine(support)).toMatchObject({ variant: 'on', reason: 'TARGETING_MATCH' })
  await change(setting(100, { isOn: false }))
  expect(await mine(support)).toMatchObject({ variant: 'off', reason: 'DISABLED' })
})

test('support sees what somebody has, and why', async () => {
  await change(setting(0, { rules: [{ tenants: [client.id], variant: 'on' }] }))
  const look = (id: string) => call('GET', `/v1/admin/users/${id}/flags`, { as: support })
  const first = async (id: string) => (await look(id)).json().data[0]
  expect(await first(client.id)).toEqual({ name: 'live-notifications', variant: 'on', reason: 'TARGETING_MATCH' })
  expect(await first(admin.id)).toMatchObject({ variant: 'off', reason: 'SPLIT' })
  expect((await look(randomUUID())).json()).toMatchObject({ status: 404, code: 'USER_NOT_FOUND' })
})

test.each([
  [setting(100, { split: [{ variant: 'on', percent: 100 }] }), 422, 'FLAG_SPLIT_INCOMPLETE'],
  [setting(100, { split: [...setting(60).split, { variant: 'on', percent: 0 }] }), 422, 'FLAG_SPLIT_INCOMPLETE'],
  [
    setting(100, { split: setting(50).split.slice(0, 1).concat({ variant: 'off', percent: 49 }) }),
    422,
    'FLAG_SPLIT_INCOMPLETE',
  ],
  [setting(100, { split: [{ variant: 'blue', percent: 100 }] }), 422, 'FLAG_VARIANT_UNKNOWN'],
  [setting(100, { rules: [{ roles: ['client'], variant: 'blue' }] }), 422, 'FLAG_VARIANT_UNKNOWN'],
  [setting(100, { split: [{ variant: 'on', percent: 101 }] }), 400, 'INPUT_INVALID'],
  [{ isOn: true }, 400, 'INPUT_INVALID'],
])('%j is refused, and nothing is changed', async (body, status, code) => {
  expect((await change(body)).json()).toMatchObject({ status, code })
  expect(await sql('SELECT name FROM flags')).toEqual([])
})

test('a flag that the code does not know is 404, and only administrators change one', async () => {
  expect((await change(setting(1), admin, '/v1/admin/flags/no-such-flag')).json()).toMatchObject({
    status: 404,
    code: 'FLAG_NOT_FOUND',
  })
  for (const as of [support, client]) expect((await change(setting(1), as)).statusCode).toBe(403)
})

test('another process follows, counts what it gives, and keeps what it knew while the database is away', async () => {
  let broken = false
  const shaky = new Proxy(db, {
    get: (target, name) => {
      if (broken) throw new Error('out of reach')
      return Reflect.get(target, name)
    },
  })
  const metrics = createMetrics()
  const other = createFlagsService({ db: shaky, audit: services.audit, metrics })
  await change(setting(0))
  expect(await other.isOn('live-notifications', client)).toBe(true)
  const fresh = await other.keepFresh()
  expect(await other.isOn('live-notifications', client)).toBe(false)
  await fresh.close()
  broken = true
  await expect(other.refresh()).rejects.toThrow('out of reach')
  expect(await other.isOn('live-notifications', client)).toBe(false)
  const counted = (variant: string, times: number) =>
    `seaworthy_flag_evaluations_total{flag="live-notifications",variant="${variant}"} ${times}`
  const text = await metrics.text()
  expect(text).toContain(counted('on', 1))
  expect(text).toContain(counted('off', 2))
})

test('an experiment gives each person one variant, the same every time', async () => {
  const split = ['plain', 'counted'].map((variant) => ({ variant, percent: 50 }))
  await change({ isOn: true, split, rules: [] }, admin, '/v1/admin/flags/digest-subject')
  const people = Array.from({ length: 100 }, () => ({ id: randomUUID(), role: 'client' as const }))
  const look = () => Promise.all(people.map((person) => services.flags.variantOf('digest-subject', person)))
  const first = await look()
  expect(await look()).toEqual(first)
  expect(new Set(first)).toEqual(new Set(['plain', 'counted']))
})
