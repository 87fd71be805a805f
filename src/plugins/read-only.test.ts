import { afterEach, describe, expect, test, vi } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { newJob } from '../../test/builders.ts'
import { withClient } from '../../tools/create-database.ts'

const { call, signUp, services, database } = await buildTestApp()
const [client, admin] = [await signUp('client'), await signUp('admin')]
const switchUrl = '/v1/admin/switches/read-only'
const write = () => call('POST', '/v1/jobs', { as: client, body: newJob() })
const status = async () => (await write()).statusCode

const jobs = () =>
  withClient(database.ownerUrl, async (owner) => (await owner.query('SELECT count(*) FROM jobs')).rows[0].count)

describe('while the operator’s switch is on', () => {
  afterEach(() => services.switches.turnOff(admin, 'read-only'))

  test('writes are 503 with Retry-After, nothing is written, and reads go on', async () => {
    await services.switches.turnOn(admin, 'read-only', { reason: 'Moving' })
    const before = await jobs()
    const answer = await write()
    expect([answer.statusCode, answer.headers['retry-after'], answer.headers['content-type']]).toEqual([
      503,
      '5',
      expect.stringContaining('application/problem+json'),
    ])
    expect(answer.json()).toMatchObject({ code: 'READ_ONLY' })
    expect(answer.headers['degraded-mode']).toBe('read-only')
    expect(await jobs()).toBe(before)
    for (const url of ['/v1/jobs', '/v1/me']) {
      const { statusCode, headers } = await call('GET', url, { as: client })
      expect([statusCode, headers['degraded-mode']]).toEqual([200, 'read-only'])
    }
  })

  test.each(['PATCH', 'PUT', 'DELETE'] as const)('a %s is refused like a POST', async (method) => {
    await services.switches.turnOn(admin, 'read-only', { reason: 'Moving' })
    const urls = { PATCH: '/v1/me', PUT: `/v1/me/notifications/${client.id}/read`, DELETE: `/v1/jobs/${client.id}` }
    const body = method === 'PATCH' && { body: { name: 'Ada' } }
    expect((await call(method, urls[method], { as: client, ...body })).json()).toMatchObject({ code: 'READ_ONLY' })
  })

  test('whoever may not call a route is told that, and a route that there is not is 404', async () => {
    await services.switches.turnOn(admin, 'read-only', { reason: 'Moving' })
    expect((await call('POST', '/v1/jobs', { body: newJob() })).statusCode).toBe(401)
    expect((await call('POST', '/v1/jobs', { as: admin, body: newJob() })).statusCode).toBe(403)
    expect((await call('POST', '/v1/nowhere')).statusCode).toBe(404)
  })

  test('people can sign in, and the switch can be turned off again', async () => {
    await services.switches.turnOn(admin, 'read-only', { reason: 'Moving' })
    const { email, password } = client
    expect((await call('POST', '/v1/auth/login', { body: { email, password } })).statusCode).toBe(200)
    expect((await call('DELETE', switchUrl, { as: admin })).statusCode).toBe(200)
    expect(await status()).toBe(201)
  })
})

describe('while PostgreSQL is read-only', () => {
  const set = (text: string) =>
    withClient(database.adminUrl, async (session) => {
      await session.query(`BEGIN READ WRITE; ALTER DATABASE ${database.name} ${text}; COMMIT`)
    })
  const endConnections = () =>
    withClient(database.adminUrl, (session) =>
      session.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'seaworthy_service'",
      ),
    )

  const isReady = async () => (await services.readiness.verdict()).status === 'ready'

  test('writes are refused, ready says so, and all is well by itself when it takes writes again', async () => {
    await vi.waitUntil(isReady, 10_000)
    await set('SET default_transaction_read_only = on')
    await endConnections()
    expect(await services.readiness.verdict()).toMatchObject({
      status: 'degraded',
      modes: ['read-only'],
      checks: expect.arrayContaining([expect.objectContaining({ name: 'writes', problem: 'PostgreSQL is read-only' })]),
    })
    expect((await write()).json()).toMatchObject({ code: 'READ_ONLY' })
    expect((await call('GET', '/v1/jobs')).statusCode).toBe(200)

    // Nobody ends the connections now: those that are read-only have to be replaced.
    await Promise.all(Array.from({ length: 8 }, () => call('GET', '/v1/jobs')))
    await set('RESET default_transaction_read_only')
    await services.readiness.verdict()
    expect(await services.readiness.verdict()).toMatchObject({ status: 'ready', modes: [] })
    expect(await Promise.all(Array.from({ length: 8 }, status))).toEqual(Array(8).fill(201))
  })
})
