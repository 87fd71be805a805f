import { describe, expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { withClient } from '../../tools/create-database.ts'

const { call, signUp, database, services } = await buildTestApp({
  env: { READY_TIMEOUT_MS: '300', REDIS_TIMEOUT_MS: '2000' },
})

const ready = async () => (await call('GET', '/health/ready')).json()

test('live says that the process answers', async () => {
  expect((await call('GET', '/health/live')).json()).toEqual({ status: 'live' })
})

describe('ready', () => {
  test('is 200 when everything is up', async () => {
    const answer = await call('GET', '/health/ready')
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ready', modes: [] }])
  })

  test('is 503 and names the migration while the schema is behind', async () => {
    const remove = "DELETE FROM schema_migrations WHERE name = '0002_jobs'"
    await withClient(database.ownerUrl, (owner) => owner.query(remove))
    const answer = await call('GET', '/health/ready')
    expect(answer.headers['retry-after']).toBe('1')
    expect(answer.json()).toMatchObject({
      status: 503,
      code: 'NOT_READY',
      errors: [{ path: '/schema', message: 'behind by 0002_jobs: run npm run migrate' }],
    })
    await withClient(database.ownerUrl, (owner) =>
      owner.query("INSERT INTO schema_migrations (name, run_on) VALUES ('0002_jobs', now())"),
    )
    expect(await ready()).toMatchObject({ status: 'ready' })
  })

  test('answers within its time while the database hangs, which is a degraded mode, and recovers', async () => {
    const locked = withClient(database.adminUrl, async (admin) => {
      await admin.query('BEGIN')
      await admin.query('LOCK TABLE schema_migrations IN ACCESS EXCLUSIVE MODE')
      const answer = await call('GET', '/health/ready')
      await admin.query('ROLLBACK')
      return answer
    })
    expect((await locked).json()).toEqual({ status: 'degraded', modes: ['database-away'] })
    expect(await ready()).toMatchObject({ status: 'ready' })
  })
})

describe('status', () => {
  test('shows support how the service is', async () => {
    const answer = await call('GET', '/health/status', { as: await signUp('support') })
    expect(answer.json()).toMatchObject({
      status: 'ready',
      node: process.version,
      modes: [],
      pool: { max: 10 },
      checks: expect.arrayContaining([
        expect.objectContaining({ name: 'postgres', ok: true }),
        expect.objectContaining({ name: 'schema', ok: true }),
      ]),
    })
  })

  test.each(['client', 'worker'] as const)('is not for a %s', async (role) => {
    expect((await call('GET', '/health/status', { as: await signUp(role) })).statusCode).toBe(403)
    expect((await call('GET', '/health/status')).statusCode).toBe(401)
  })
})

test('the short names work, and say that they go', async () => {
  for (const [url, status] of [
    ['/health', 'live'],
    ['/ready', 'ready'],
  ] as const) {
    const answer = await call('GET', url)
    expect(answer.json().status).toBe(status)
    expect(answer.headers).toMatchObject({
      deprecation: expect.stringMatching(/^@\d+$/),
      sunset: expect.stringContaining('2027'),
      link: expect.stringContaining('</health/'),
    })
  }
})

test('a draining service is live and not ready', async () => {
  services.readiness.drain()
  expect(await ready()).toMatchObject({ status: 503, detail: 'The service is draining' })
  expect((await call('GET', '/health/live')).statusCode).toBe(200)
})
