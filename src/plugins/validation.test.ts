import { beforeAll, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../test/app.ts'
import { newJob } from '../../test/builders.ts'

const { app, call, signUp } = await buildTestApp({ env: { EVENT_LOOP_DELAY_MS: '60000' } })
let client: Person
let job: string
beforeAll(async () => {
  client = await signUp('client')
  job = `/v1/jobs/${(await call('POST', '/v1/jobs', { as: client, body: newJob() })).json().id}`
})

const fault = (path: string) => ({
  status: 400,
  code: 'INPUT_INVALID',
  errors: [{ path, message: expect.any(String) }],
})

test.each(['/v1/me', '/v1/slugs/abc', '/health/live'])('%s declares no query, and takes none', async (url) => {
  const answer = await call('GET', `${url}?planted=1`, { as: client })
  expect(answer.json()).toMatchObject(fault('/query/planted'))
  expect((await call('HEAD', `${url}?planted=1`, { as: client })).statusCode).toBe(400)
})

test('nor does a write', async () => {
  const answer = await call('POST', '/v1/jobs?planted=1', { as: client, body: newJob() })
  expect(answer.json()).toMatchObject(fault('/query/planted'))
})

test.each([
  ['a member', { planted: true }, '/body/planted'],
  ['a list', [1], '/body'],
  ['a text', '"text"', '/body'],
])('a route that declares no body takes none: %s', async (_, body, path) => {
  const headers = { 'content-type': 'application/json' }
  expect((await call('POST', `${job}/publication`, { as: client, body, headers })).json()).toMatchObject(fault(path))
  expect((await call('DELETE', job, { as: client, body, headers })).json()).toMatchObject(fault(path))
})

test('an empty object is as good as nothing', async () => {
  expect((await call('POST', `${job}/publication`, { as: client, body: {} })).statusCode).toBe(200)
  expect((await call('DELETE', `${job}/publication`, { as: client })).statusCode).toBe(200)
})

test.each(['GET', 'HEAD'])('a %s with a body is refused', async (method) => {
  const answer = await call(method as 'GET', '/v1/jobs', { body: { planted: true } })
  expect(answer.statusCode).toBe(400)
  if (method === 'GET') expect(answer.json()).toMatchObject({ code: 'BODY_UNEXPECTED' })
  expect((await call(method as 'GET', '/v1/jobs', { headers: { 'content-length': '0' } })).statusCode).toBe(200)
})

test.each(['text/plain', 'text/plain; charset=utf-8', 'TEXT/PLAIN'])('a body of %s is 415', async (type) => {
  const headers = { 'content-type': type }
  for (const url of ['/v1/jobs', `${job}/publication`]) {
    const answer = await call('POST', url, { as: client, body: '{"title":"x"}', headers })
    expect(answer.json()).toMatchObject({ status: 415, code: 'MEDIA_TYPE_UNSUPPORTED' })
  }
})

test('pages that the document leaves out are open to any query', async () => {
  for (const url of ['/docs?deepLinking=1', '/openapi.json?v=2']) expect((await call('GET', url)).statusCode).toBe(200)
})

test('the document describes none of what is refused', () => {
  const { paths = {} } = app.swagger() as { paths?: Record<string, Record<string, { requestBody?: object }>> }
  expect(paths['/v1/jobs/{id}/publication']?.post?.requestBody).toBeUndefined()
  expect(paths['/v1/jobs']?.post?.requestBody).toBeDefined()
})
