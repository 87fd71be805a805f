import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { newJob } from '../../test/builders.ts'
import { withClient } from '../../tools/create-database.ts'

const { app, call, signUp, services, database, lines } = await buildTestApp({
  env: { DATABASE_LOCK_TIMEOUT_MS: '300' },
})
const { jobs } = services
const [client, rival, worker] = await Promise.all([signUp('client'), signUp('client'), signUp('worker')])
const people = { client, rival, worker }
type Options = { as?: keyof typeof people; key: string; body?: unknown }

const post = (url: string, { as = 'client', key, body }: Options) =>
  call('POST', url, { as: people[as], body, headers: { 'idempotency-key': key } })
const draft = (key: string, body: unknown = newJob()) => post('/v1/jobs', { key, body })
const publish = (id: string, key: string) => post(`/v1/jobs/${id}/publication`, { key })
const refused = (status: number, code: string) => ({ status, code })

async function rows(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
}

const keys = (key: string) => rows('SELECT * FROM idempotency_keys WHERE key = $1', key)
const titled = (title: string) => rows('SELECT id FROM jobs WHERE title = $1', title)

describe('the key', () => {
  test('is required: without it the call is 400', async () => {
    const headers = { authorization: `Bearer ${client.token}` }
    const answer = await app.inject({ method: 'POST', url: '/v1/jobs', headers, payload: newJob() })
    expect(answer.json()).toMatchObject(refused(400, 'IDEMPOTENCY_KEY_MISSING'))
  })

  test.each([
    ['a space', 'two words', 'IDEMPOTENCY_KEY_MALFORMED'],
    ['no character', '', 'INPUT_INVALID'],
    ['nothing between quotes', '""', 'IDEMPOTENCY_KEY_MALFORMED'],
    ['256 characters', 'k'.repeat(256), 'IDEMPOTENCY_KEY_MALFORMED'],
    ['more than any key can have', 'k'.repeat(258), 'INPUT_INVALID'],
    ['letters beyond ASCII', 'schlüssel', 'INPUT_INVALID'],
    ['a tab', 'two\twords', 'INPUT_INVALID'],
  ])('with %s it is 400', async (_name, key, code) => {
    expect((await draft(key)).json()).toMatchObject(refused(400, code))
  })

  test.each(['k'.repeat(255), `"${'q'.repeat(255)}"`])('of 255 characters is taken, quoted or not', async (key) => {
    expect((await draft(key)).statusCode).toBe(201)
  })

  test('is the same with quotes and without', async () => {
    const key = randomUUID()
    const [bare, quoted] = [await draft(key), await draft(`"${key}"`)]
    expect([bare.headers['idempotent-replayed'], quoted.headers['idempotent-replayed']]).toEqual([undefined, 'true'])
    expect(quoted.json()).toEqual(bare.json())
  })

  test('belongs to its caller', async () => {
    const key = randomUUID()
    const first = await draft(key)
    const second = await post('/v1/jobs', { as: 'rival', key, body: newJob() })
    expect([first.json().clientId, second.json().clientId]).toEqual([client.id, rival.id])
  })

  test('belongs to its path, not to the template of the route', async () => {
    const [one, two] = [await jobs.create(client, newJob()), await jobs.create(client, newJob())]
    const key = randomUUID()
    expect((await publish(one.id, key)).json()).toMatchObject({ id: one.id, status: 'open' })
    expect((await publish(two.id, key)).json()).toMatchObject({ id: two.id, status: 'open' })
  })
})

describe('the same call again', () => {
  test('gets the same status, body, Location and ETag, marked as a replay, and has no effect', async () => {
    const [key, body] = [randomUUID(), newJob({ title: 'Only one of these' })]
    const [first, again] = [await draft(key, body), await draft(key, body)]
    expect([first.statusCode, again.statusCode, again.body]).toEqual([201, 201, first.body])
    const { location, etag } = first.headers
    expect(location).toBe(`/v1/jobs/${first.json().id}`)
    expect(first.headers).not.toHaveProperty('idempotent-replayed')
    expect(again.headers).toMatchObject({ location, etag: etag ?? 'none', 'idempotent-replayed': 'true' })
    expect(await titled(body.title)).toHaveLength(1)
  })

  test('twenty times at once has one effect, and all get the same answer', async () => {
    const [key, body] = [randomUUID(), newJob({ title: 'One of twenty' })]
    const answers = await Promise.all(Array.from({ length: 20 }, () => draft(key, body)))
    expect(
      new Set(answers.map(({ statusCode, body, headers }) => `${statusCode} ${headers.location} ${body}`)).size,
    ).toBe(1)
    expect(answers[0]?.statusCode).toBe(201)
    expect(answers.filter(({ headers }) => !headers['idempotent-replayed'])).toHaveLength(1)
    expect(await titled(body.title)).toHaveLength(1)
  })

  test('with another body is 422', async () => {
    const key = randomUUID()
    await draft(key)
    const other = await draft(key, newJob({ title: 'Something else' }))
    expect(other.json()).toMatchObject(refused(422, 'IDEMPOTENCY_KEY_REUSED'))
    expect(await titled('Something else')).toEqual([])
  })

  test('is refused as before, although the reason is gone', async () => {
    const { id } = await jobs.create(client, newJob())
    const apply = (key: string) =>
      post(`/v1/jobs/${id}/applications`, { as: 'worker', key, body: { coverLetter: 'Me' } })
    const key = randomUUID()
    const first = await apply(key)
    expect(first.json()).toMatchObject(refused(404, 'JOB_NOT_FOUND'))
    await jobs.publish(client, id)
    const again = await apply(key)
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(again.json()).toEqual({ ...first.json(), requestId: again.headers['x-request-id'] })
    expect((await apply(randomUUID())).statusCode).toBe(201)
  })

  test.each([
    [409, 'SLUG_TAKEN', 'taken-for-good'],
    [422, 'SLUG_RESERVED', 'admin'],
  ])('after %i %s is the same refusal', async (status, code, slug) => {
    await jobs.create(rival, newJob({ slug: 'taken-for-good' })).catch(() => {})
    const key = randomUUID()
    for (const replayed of [undefined, 'true']) {
      const answer = await draft(key, newJob({ slug }))
      expect(answer.json()).toMatchObject(refused(status, code))
      expect(answer.headers['idempotent-replayed']).toBe(replayed)
    }
  })

  test('may be made right after a 400: what was not understood is not stored', async () => {
    const key = randomUUID()
    expect((await draft(key, { title: 'x' })).json()).toMatchObject(refused(400, 'INPUT_INVALID'))
    expect(await keys(key)).toEqual([])
    expect((await draft(key)).statusCode).toBe(201)
  })

  test('may be made after a fault of ours: nothing of it was kept', async () => {
    const [key, body] = [randomUUID(), newJob({ title: 'Not at first' })]
    await rows('REVOKE INSERT ON audit_log FROM seaworthy_app')
    expect((await draft(key, body)).json()).toMatchObject(refused(500, 'INTERNAL'))
    await rows('GRANT INSERT ON audit_log TO seaworthy_app')
    expect([await keys(key), await titled(body.title)]).toEqual([[], []])
    const answer = await draft(key, body)
    expect([answer.statusCode, answer.headers['idempotent-replayed']]).toEqual([201, undefined])
  })

  test('while the first is at work for too long is 409, and may be made later', async () => {
    const key = randomUUID()
    await withClient(database.ownerUrl, async (owner) => {
      await owner.query("BEGIN; SET LOCAL lock_timeout = '1s'")
      const values = [client.id, 'POST /v1/jobs', key, Buffer.alloc(32)]
      await owner.query('INSERT INTO idempotency_keys (caller, route, key, body_hash) VALUES ($1, $2, $3, $4)', values)
      expect((await draft(key)).json()).toMatchObject(refused(409, 'IDEMPOTENCY_KEY_IN_USE'))
      await owner.query('ROLLBACK')
    })
    expect((await draft(key)).statusCode).toBe(201)
  })
})

describe('what is stored', () => {
  test('holds neither the body nor a hash that could be guessed from it, nor any part of a password', async () => {
    const [key, password] = [randomUUID(), 'a-password-to-look-for']
    const body = { email: 'careful@example.com', password, name: 'Careful', role: 'client' }
    expect((await post('/v1/auth/register', { key, body })).statusCode).toBe(201)
    const [row] = await keys(key)
    expect(row).toMatchObject({ caller: expect.any(String), route: 'POST /v1/auth/register', status: 201 })
    const hash = row?.body_hash as Buffer
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
    expect(hash).toHaveLength(32)
    for (const text of [JSON.stringify(body), `idempotency\n${JSON.stringify(body)}`, password]) {
      expect(hash.toString('hex')).not.toBe(sha256(text))
    }
    const whole = JSON.stringify({ ...row, body_hash: hash.toString('latin1') })
    expect(whole).toContain('careful@example.com')
    for (const secret of [password, 'argon2', 'password']) expect(whole).not.toContain(secret)
  })
})

test('a route declared idempotent whose work does not run under its key is a 500', async () => {
  const inert = await buildTestApp({
    services: ({ jobs }) => ({ jobs: { ...jobs, publish: (actor, id) => jobs.publish(actor, id) } }),
  })
  const as = await inert.signUp('client')
  const { id } = await inert.services.jobs.create(as, newJob())
  const answer = await inert.call('POST', `/v1/jobs/${id}/publication`, { as })
  expect(answer.json()).toMatchObject(refused(500, 'INTERNAL'))
  expect(JSON.stringify(inert.lines)).toContain('its work did not run under its key')
  expect(JSON.stringify(lines)).not.toContain('its work did not run under its key')
})
