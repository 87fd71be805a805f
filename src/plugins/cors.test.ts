import Fastify, { type InjectOptions } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { cors } from './cors.ts'
import { problems } from './problems.ts'

const ours = 'https://app.example.com'

async function appWith(origins: string[]) {
  const app = Fastify()
  onTestFinished(() => app.close())
  await app.register(problems)
  await app.register(cors, { origins })
  app.get('/thing', async () => ({}))
  const ask = (method: InjectOptions['method'], headers: Record<string, string>) =>
    app.inject({ method, url: '/thing', headers } as InjectOptions)
  return { app, ask }
}

const preflight = (origin: string) => ({ origin, 'access-control-request-method': 'PATCH' })
const accessFields = (headers: object) => Object.keys(headers).filter((name) => name.startsWith('access-control-'))

test('a page of a listed origin may read, and is told which fields', async () => {
  const { ask } = await appWith([ours, 'https://other.example.com'])
  const { headers } = await ask('GET', { origin: ours })
  expect(headers).toMatchObject({
    'access-control-allow-origin': ours,
    'access-control-expose-headers': expect.stringContaining('ETag, Location, Retry-After, RateLimit,'),
    vary: 'Origin',
  })
  // Its session may come along as cookies.
  expect(headers['access-control-allow-credentials']).toBe('true')
})

test('its preflight is answered with methods, fields and an end', async () => {
  const { ask } = await appWith([ours])
  const { statusCode, headers } = await ask('OPTIONS', preflight(ours))
  expect(statusCode).toBe(204)
  expect(headers).toMatchObject({
    'access-control-allow-origin': ours,
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers':
      'authorization, content-type, idempotency-key, if-match, if-none-match, x-csrf-token, x-request-id',
    'access-control-max-age': '600',
  })
})

test.each([
  ['another host', 'https://evil.example.com'],
  ['another scheme', 'http://app.example.com'],
  ['another port', 'https://app.example.com:8443'],
  ['a longer name', 'https://app.example.com.evil.example'],
  ['a name that ends alike', 'https://evilapp.example.com'],
  ['none, as a file has', 'null'],
  ['capitals', 'https://APP.example.com'],
])('an origin of %s gets no field of access at all', async (_, origin) => {
  const { ask } = await appWith([ours])
  const read = await ask('GET', { origin })
  expect([read.statusCode, accessFields(read.headers), read.headers.vary]).toEqual([200, [], 'Origin'])
  const asked = await ask('OPTIONS', preflight(origin))
  expect([asked.statusCode, accessFields(asked.headers)]).toEqual([404, []])
})

test('without a list there are no fields and no preflights', async () => {
  const { ask } = await appWith([])
  const { headers } = await ask('GET', { origin: ours })
  expect([accessFields(headers), headers.vary]).toEqual([[], undefined])
  expect((await ask('OPTIONS', preflight(ours))).statusCode).toBe(404)
})

test('any origin may read where development says so', async () => {
  const { ask } = await appWith(['*'])
  expect((await ask('GET', { origin: 'http://localhost:5173' })).headers['access-control-allow-origin']).toBe('*')
})

test('what asks for no method is no preflight, and is answered without a text of the library', async () => {
  const { ask } = await appWith([ours])
  expect(await ask('OPTIONS', { origin: ours })).toMatchObject({ statusCode: 204, body: '' })
  expect((await ask('OPTIONS', {})).json()).toMatchObject({ status: 404 })
})
