import { Readable } from 'node:stream'
import Fastify, { type InjectOptions } from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { conditional } from './conditional.ts'
import { controls } from './controls.ts'
import { problems } from './problems.ts'
import { securityFields } from './security-fields.ts'
import { versions } from './versions.ts'

const app = Fastify()
afterAll(() => app.close())
for (const plugin of [securityFields, problems, controls, versions, conditional]) await app.register(plugin)
const hide = { schema: { hide: true } }
const read = { ...hide, config: { access: 'user', limit: 'read' } } as const
let serialised = 0
app.get('/thing', read, async (_request, reply) => {
  reply.serializer((payload: unknown) => {
    serialised++
    return JSON.stringify(payload)
  })
  return { a: 1 }
})
app.get('/versioned', read, async () => ({ version: 7 }))
app.get('/open', { ...hide, config: { access: 'optional', limit: 'public' } }, async () => ({}))
app.get('/health', { ...hide, config: { access: 'public', limit: 'none' } }, async () => ({}))
app.get('/cached', read, (_request, reply) =>
  reply
    .headers({ etag: '"abc"', 'cache-control': 'public, no-cache' })
    .type('application/json')
    .send(Buffer.from('{}')),
)
app.get('/stream', read, (_request, reply) => reply.type('text/plain').send(Readable.from(['a', 'b'])))
app.get('/broken', read, async () => Promise.reject(new Error('broken')))
app.post('/thing', { ...hide, config: { access: 'user', limit: 'write' } }, async () => ({ version: 8 }))
await app.ready()

const ask = (url: string, headers: Record<string, string> = {}, method: InjectOptions['method'] = 'GET') =>
  app.inject({ method, url, headers } as InjectOptions)
const tagOf = async (url: string) => String((await ask(url)).headers.etag)

test('a read has a weak tag of what it says, and may be kept if it is asked for again', async () => {
  const { headers } = await ask('/thing')
  expect(headers).toMatchObject({
    etag: expect.stringMatching(/^W\/"[A-Za-z0-9+/]{22}"$/),
    'cache-control': 'private, no-cache',
  })
  expect(await tagOf('/thing')).toBe(headers.etag)
  expect(await tagOf('/open')).not.toBe(headers.etag)
})

test.each([
  ['the tag', (tag: string) => tag],
  ['the tag as a strong one', (tag: string) => tag.slice(2)],
  ['a list with the tag', (tag: string) => `"other", ${tag} ,W/"another"`],
  ['anything', () => '*'],
])('whoever has %s gets 304 without a body', async (_, given) => {
  const before = serialised
  const { statusCode, headers, body } = await ask('/thing', { 'if-none-match': given(await tagOf('/thing')) })
  expect([statusCode, body]).toEqual([304, ''])
  expect(headers).toMatchObject({ etag: await tagOf('/thing'), 'cache-control': 'private, no-cache' })
  expect(headers['content-type']).toBeUndefined()
  expect(headers['content-length']).toBeUndefined()
  // Three reads: none is serialised twice.
  expect(serialised - before).toBe(3)
})

test.each([
  ['another tag', '"other"'],
  ['no tag', ''],
  ['a tag without quotes', 'other'],
  ['the tag within a longer one', '"x7"'],
  ['a list of nothing', ',,,'],
])('whoever has %s gets the answer', async (_, given) => {
  expect((await ask('/versioned', { 'if-none-match': given })).statusCode).toBe(200)
})

test('a reload that wants no stored answer gets the answer', async () => {
  const fields = { 'if-none-match': await tagOf('/thing'), 'cache-control': 'no-cache' }
  expect((await ask('/thing', fields)).statusCode).toBe(200)
})

test('a version is the tag, also as it was sent compressed', async () => {
  expect(await tagOf('/versioned')).toBe('"7"')
  for (const tag of ['"7"', 'W/"7"', '"7-br"', '"7-gzip"']) {
    expect((await ask('/versioned', { 'if-none-match': tag })).statusCode).toBe(304)
  }
  expect((await ask('/versioned', { 'if-none-match': '"7-other"' })).statusCode).toBe(200)
})

test('a HEAD is answered as its GET, without the body', async () => {
  const head = await ask('/thing', {}, 'HEAD')
  expect([head.statusCode, head.body, head.headers.etag]).toEqual([200, '', await tagOf('/thing')])
  const again = await ask('/thing', { 'if-none-match': String(head.headers.etag) }, 'HEAD')
  expect([again.statusCode, again.body]).toEqual([304, ''])
})

test('what a stranger may read depends on who asks', async () => {
  expect((await ask('/open')).headers.vary).toBe('Authorization, Cookie')
  expect((await ask('/thing')).headers.vary).toBeUndefined()
})

test('fields that are set stay', async () => {
  const { headers } = await ask('/cached')
  expect(headers).toMatchObject({ etag: '"abc"', 'cache-control': 'public, no-cache' })
  expect((await ask('/cached', { 'if-none-match': '"abc"' })).statusCode).toBe(304)
})

test('writes, failures and health are not stored and have no such tag', async () => {
  const wrote = await ask('/thing', { 'if-none-match': '*' }, 'POST')
  expect([wrote.statusCode, wrote.headers['cache-control'], wrote.headers.etag]).toEqual([200, 'no-store', '"8"'])
  for (const [url, status] of [
    ['/broken', 500],
    ['/nowhere', 404],
    ['/health', 200],
  ] as const) {
    const { statusCode, headers } = await ask(url, { 'if-none-match': '*' })
    expect([statusCode, headers['cache-control'], headers.etag]).toEqual([status, 'no-store', undefined])
  }
})

test('a stream passes as it is', async () => {
  const { statusCode, headers, body } = await ask('/stream', { 'if-none-match': '*' })
  expect([statusCode, headers.etag, body]).toEqual([200, undefined, 'ab'])
})
