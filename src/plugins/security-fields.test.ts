import { hash } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { home } from './home.ts'
import { answer, answerClientError, problems } from './problems.ts'
import { pagePolicy, securityFields, securityFieldsOfAll } from './security-fields.ts'

const app = Fastify({
  frameworkErrors: answer,
  clientErrorHandler: (error, socket) => answerClientError(error, socket, 'an-id'),
})
afterAll(() => app.close())
await app.register(securityFields)
await app.register(problems)
app.get('/sound', async () => 'sound')
app.get('/broken', async () => Promise.reject(new Error('broken')))
await app.register(home, { page: '<style>h1 { color: red }</style><h1>Here</h1>' })
const port = Number(new URL(await app.listen({ port: 0 })).port)

test('nothing is allowed, framed, guessed, told on or stored', () => {
  expect(securityFieldsOfAll).toMatchObject({
    'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'permissions-policy': expect.stringContaining('geolocation=()'),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-xss-protection': '0',
    'cache-control': 'no-store',
  })
})

test.each([
  ['an answer', '/sound', 200],
  ['a failure', '/broken', 500],
  ['a route that is none', '/nowhere', 404],
  ['a path that can’t be decoded', '/%zz', 400],
])('%s has them all', async (_, url, status) => {
  const { statusCode, headers } = await app.inject(url)
  expect(statusCode).toBe(status)
  expect(headers).toMatchObject(securityFieldsOfAll)
})

test('what is no HTTP is answered with them too', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.write('NONSENSE\r\n\r\n')
  const head = (await text(socket)).split('\r\n\r\n')[0]?.split('\r\n')
  const lines = Object.entries(securityFieldsOfAll).map(([field, value]) => `${field}: ${value}`)
  expect(head).toEqual(expect.arrayContaining(['HTTP/1.1 400 Bad Request', ...lines]))
})

test('an expectation that nobody knows is passed over', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /sound HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nConnection: close\r\n\r\n')
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*x-frame-options: DENY/)
})

test('a page may use its own files and the styles that it has, and no inline script', async () => {
  const { headers } = await app.inject('/')
  const style = `sha256-${hash('sha256', 'h1 { color: red }', 'base64')}`
  expect(headers['content-security-policy']).toBe(
    `default-src 'none';script-src 'self';style-src 'self' '${style}';img-src 'self' data:;connect-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'`,
  )
  expect(pagePolicy()).not.toContain('unsafe')
})
