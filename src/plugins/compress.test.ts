import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import Fastify from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { compress } from './compress.ts'
import { conditional } from './conditional.ts'
import { controls } from './controls.ts'
import { problems } from './problems.ts'
import { versions } from './versions.ts'

const long = 'abc '.repeat(1000)
const app = Fastify()
afterAll(() => app.close())
for (const plugin of [problems, controls, versions, conditional]) await app.register(plugin)
await app.register(compress, { from: 1024 })
const hide = { schema: { hide: true } }
const read = { ...hide, config: { access: 'optional', limit: 'public' } } as const
app.get('/long', read, async () => ({ long }))
app.get('/short', read, async () => ({ short: 'abc' }))
app.get('/edge', read, (_request, reply) => reply.type('text/plain').send('a'.repeat(1024)))
app.get('/versioned', read, async () => ({ version: 5, long }))
app.get('/picture', read, (_request, reply) => reply.type('image/png').send(Buffer.from(long)))
app.get('/packed', read, (_request, reply) =>
  reply.type('application/json').header('content-encoding', 'gzip').send(gzipSync(long)),
)
app.post('/sign-in', { ...hide, config: { access: 'public', limit: 'auth' } }, async () => ({ long }))
app.post('/write', { ...hide, config: { access: 'user', limit: 'write' } }, async ({ body }) => ({ body }))
await app.ready()

const ask = (url: string, coding?: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { ...headers, ...(coding !== undefined && { 'accept-encoding': coding }) } })

test.each([
  ['br', brotliDecompressSync],
  ['gzip', gunzipSync],
  ['zstd', zstdDecompressSync],
])('a long answer comes as %s to whoever takes it', async (coding, unpack) => {
  const { headers, rawPayload } = await ask('/long', coding)
  expect(headers).toMatchObject({ 'content-encoding': coding, vary: 'Authorization, Cookie, accept-encoding' })
  expect(rawPayload.length).toBeLessThan(500)
  expect(JSON.parse(unpack(rawPayload).toString())).toEqual({ long })
})

test('a browser gets brotli, and a weight counts', async () => {
  expect((await ask('/long', 'gzip, deflate, br, zstd')).headers['content-encoding']).toBe('br')
  expect((await ask('/long', 'br;q=0.1, gzip;q=0.9')).headers['content-encoding']).toBe('gzip')
})

test.each([
  ['nothing', undefined],
  ['an empty field', ''],
  ['identity', 'identity'],
  ['what we have not', 'compress, pack200'],
  ['none of ours', 'br;q=0, gzip;q=0, zstd;q=0'],
])('whoever takes %s gets it as it is, and is told what it depends on', async (_, coding) => {
  const { statusCode, headers, body } = await ask('/long', coding)
  expect([statusCode, headers['content-encoding'], headers.vary]).toEqual([
    200,
    undefined,
    'Authorization, Cookie, accept-encoding',
  ])
  expect(JSON.parse(body)).toEqual({ long })
})

test('from the floor on, and not below it', async () => {
  expect((await ask('/edge', 'br')).headers['content-encoding']).toBe('br')
  expect((await ask('/short', 'br')).headers['content-encoding']).toBeUndefined()
})

test('what is compressed already, or does not get shorter, stays as it is', async () => {
  expect((await ask('/picture', 'br')).headers['content-encoding']).toBeUndefined()
  const { headers, rawPayload } = await ask('/packed', 'br, gzip')
  expect([headers['content-encoding'], gunzipSync(rawPayload).toString()]).toEqual(['gzip', long])
})

test('an answer with a token stays as it is', async () => {
  const { headers } = await app.inject({ method: 'POST', url: '/sign-in', headers: { 'accept-encoding': 'br' } })
  expect(headers['content-encoding']).toBeUndefined()
})

test('a strong tag says how it was compressed, and is known again', async () => {
  expect((await ask('/versioned')).headers.etag).toBe('"5"')
  expect((await ask('/versioned', 'gzip')).headers.etag).toBe('"5-gzip"')
  const { statusCode, headers, body } = await ask('/versioned', 'br', { 'if-none-match': '"4", "5-br"' })
  expect([statusCode, headers.etag, body]).toEqual([304, '"5-br"', ''])
  expect(headers['content-encoding']).toBeUndefined()
  expect(headers.vary).toBe('Authorization, Cookie, accept-encoding')
})

test('a weak tag names both', async () => {
  const tag = String((await ask('/long')).headers.etag)
  expect((await ask('/long', 'br')).headers.etag).toBe(tag)
  expect((await ask('/long', 'br', { 'if-none-match': tag })).statusCode).toBe(304)
})

test('a body that a caller compressed is not unpacked', async () => {
  const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' }
  const { statusCode } = await app.inject({ method: 'POST', url: '/write', headers, payload: gzipSync('{}') })
  expect(statusCode).toBe(400)
})
