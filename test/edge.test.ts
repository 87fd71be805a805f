// What strangers send, to the real service behind the real edge.
import { connect as connectHttp2 } from 'node:http2'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type Nginx, openNginx } from '../tools/nginx.ts'
import { type Running, startProcess } from '../tools/process.ts'
import { createTestDatabase } from './database.ts'
import { bodyOf, callerOf, send, statusesOf } from './edge.ts'
import { environment } from './environment.ts'

let edge: Nginx
let server: Running
let upstream: string

beforeAll(async () => {
  const { appUrl } = await createTestDatabase()
  server = startProcess(['src/server.ts'], {
    env: { ...environment(appUrl), TRUST_PROXY: 'loopback', ALLOWED_HOSTS: 'localhost,seaworthy.example' },
  })
  upstream = (await server.until(/Server listening at http:\/\/([^"]+)/))[1] ?? ''
  edge = await openNginx({ upstreams: [upstream], hosts: ['localhost', 'seaworthy.example'], trustedHop: '127.80.0.1' })
})

afterAll(async () => {
  await edge?.close()
  server?.child.kill('SIGTERM')
  await server?.ended
})

const asked = (path: string) => server.lines().filter((line) => String(line.path).startsWith(path))
/** Its line is written when the answer has gone. */
const lineOf = (wanted: string) =>
  vi.waitFor(
    async () => (await edge.lines()).find(({ path }) => path === wanted) ?? Promise.reject(new Error('no line')),
    10_000,
  )

test.each([
  ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked', 400],
  ['two lengths', 'Content-Length: 5\r\nContent-Length: 50', 400],
  ['a length that is none', 'Content-Length: +5', 400],
  ['two encodings', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', 400],
  ['an encoding that is none', 'Transfer-Encoding: xchunked', 501],
  ['a space before the colon', 'Transfer-Encoding : chunked\r\nContent-Length: 5', 400],
])(
  'a request that two servers could read differently is refused, and nothing behind it is read: %s',
  async (_, fields, status) => {
    const hidden = 'GET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const head = `POST /v1/outer HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n\r\n`
    const said = await send(edge, `${head}0\r\n\r\n${hidden}`)
    expect(statusesOf(said)).toEqual([status])
    expect(bodyOf(said)).toMatchObject({ status, code: 'REQUEST_MALFORMED' })
    expect(asked('/v1/smuggled').length + asked('/v1/outer').length).toBe(0)
  },
)

test.each([
  ['a number of another base', '0x5\r\nhello\r\n'],
  ['a negative number', '-5\r\nhello\r\n'],
  ['a number that is larger than any', 'fffffffffffffffff\r\nhello\r\n'],
  ['no number', '\r\nhello\r\n'],
  ['less than the chunk', '2\r\nhello\r\n'],
])('a body in chunks is refused, and nothing in it is read, whose size is %s', async (_, chunk) => {
  const head = 'POST /v1/outer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n'
  const said = await send(edge, `${head}${chunk}0\r\n\r\nGET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  expect(statusesOf(said)).toEqual([400])
  expect(asked('/v1/smuggled').length + asked('/v1/outer').length).toBe(0)
})

test.each(['planted.example', 'localhost.planted.example', 'localhost@planted.example', 'localhost/planted', ''])(
  'a host that is not ours is refused by the edge: %j',
  async (host) => {
    const said = await send(edge, `GET /v1/foreign HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    expect([400, 421]).toContain(statusesOf(said)[0])
    expect(asked('/v1/foreign')).toEqual([])
  },
)

test('fields that come twice are refused where one of them decides', async () => {
  const head = 'GET /v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
  for (const field of ['Host: seaworthy.example', 'Authorization: Bearer a\r\nAuthorization: Bearer b']) {
    const said = await send(edge, `${head}${field}\r\n\r\n`)
    expect([400, 401]).toContain(statusesOf(said)[0])
    expect(bodyOf(said)).toMatchObject({ type: expect.stringMatching(/^urn:problem-type:seaworthy:/) })
  }
})

test('an absolute URL is served by its path when its host is ours', async () => {
  const ask = (url: string) => send(edge, `GET ${url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  expect(statusesOf(await ask('http://seaworthy.example/health/live'))).toEqual([200])
  expect(statusesOf(await ask('http://localhost/health/live'))).toEqual([200])
  expect(statusesOf(await ask('http://planted.example/health/live'))).toEqual([421])
  expect(statusesOf(await ask('*'))).toEqual([400])
  // With a key it takes the other way, on which the URL is put together anew.
  const keyed = (url: string) =>
    send(edge, `POST ${url} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k\r\nConnection: close\r\n\r\n`)
  for (const url of ['http://localhost?x=1', 'http://localhost/v1/nowhere', '/v1/nowhere?x=@planted.example'])
    expect([url, statusesOf(await keyed(url))]).toEqual([url, [404]])
  for (const url of ['@planted.example/', ':80/', 'http://localhost@planted.example/'])
    expect([url, statusesOf(await keyed(url))]).toEqual([url, [400]])
})

test('URLs and fields that are too long are refused by the one who sees it first', async () => {
  const call = callerOf(edge)
  const path = (length: number) => `/v1/jobs?q=${'x'.repeat(length)}`
  const long = await call('GET', path(3000), { headers: { host: 'localhost' } })
  expect([long.status, long.json().code]).toEqual([414, 'URL_TOO_LONG'])
  const longer = await send(edge, `GET ${path(5000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  expect(bodyOf(longer)).toMatchObject({ status: 414, code: 'URL_TOO_LONG', title: 'URI Too Long' })
  const wide = await call('GET', '/v1/jobs', { headers: { host: 'localhost', 'x-wide': 'x'.repeat(6000) } })
  expect([wide.status, wide.json().code]).toEqual([431, 'HEADERS_TOO_LARGE'])
})

test('what JSON would need escaped is not repeated in a refusal', async () => {
  const said = await send(edge, 'GET /metrics/"},{"\\ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  expect(bodyOf(said)).toMatchObject({ status: 404, instance: '/metrics/', code: 'ROUTE_NOT_FOUND' })
})

test('a chain of forwarded addresses counts from a hop that is trusted, and its last entry only', async () => {
  const see = async (from: string, chain: string) => {
    const path = `/v1/chain-${Math.random()}`
    await callerOf(edge, from)('GET', path, { headers: { host: 'localhost', 'x-forwarded-for': chain } })
    return (await lineOf(path)).network
  }
  expect(await see('127.80.0.1', '203.0.113.7')).toBe('203.0.113.0')
  expect(await see('127.80.0.1', '198.51.100.9, 203.0.113.7')).toBe('203.0.113.0')
  expect(await see('127.80.0.1', '198.51.100.9, 127.80.0.1')).toBe('198.51.100.0')
  expect(await see('127.80.0.2', '203.0.113.7')).toBe('127.80.0.0')
  expect(await see('127.80.0.1', '2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1::')
  expect(await see('127.80.0.1', '2001:db8::1')).toBe('2001::')
  expect(await see('127.80.0.1', 'nobody')).toBe('127.80.0.0')
})

test('the addresses of one household share a limit', async () => {
  const edits = [
    { file: 'limits.conf', find: 'rate=50r/s', replace: 'rate=1r/m' },
    { file: 'limits.conf', find: 'burst=100 nodelay', replace: 'burst=4 nodelay' },
  ]
  const strict = await openNginx({ upstreams: [upstream], hosts: ['localhost'], trustedHop: '127.80.0.1', edits })
  onTestFinished(strict.close)
  const hop = callerOf(strict, '127.80.0.1')
  const ask = (address: string) =>
    hop('GET', '/health/live', { headers: { host: 'localhost', 'x-forwarded-for': address } })
  const [spread, one] = [[] as number[], [] as number[]]
  for (let at = 1; at <= 8; at++) {
    spread.push((await ask(`2001:db8:9:${at}::1`)).status)
    one.push((await ask(`2001:db8:8:7::${at}`)).status)
  }
  expect(spread).toEqual(Array(8).fill(200))
  expect(one).toEqual([...Array(5).fill(200), ...Array(3).fill(429)])
  const refused = await ask('2001:db8:8:7:ffff::9')
  expect(refused.json()).toMatchObject({ code: 'LIMIT_REACHED', instance: '/health/live' })
  expect(refused.field('retry-after')).toBe('1')
})

test('HTTP/2 is served, and refuses by the same problems', async () => {
  const session = connectHttp2(`https://localhost:${edge.port}`, { ca: edge.ca })
  const ask = (fields: Record<string, string>, body?: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const stream = session.request(fields, { endStream: body === undefined })
      let status = 0
      let text = ''
      stream.on('response', (answer) => {
        status = Number(answer[':status'])
      })
      stream.on('data', (bytes) => {
        text += bytes
      })
      stream.once('end', () => resolve({ status, text }))
      stream.once('error', reject)
      if (body !== undefined) stream.end(body)
    })
  try {
    expect(await ask({ ':path': '/health/live' })).toMatchObject({ status: 200 })
    const large = await ask(
      { ':path': '/v1/auth/login', ':method': 'POST', 'content-length': '70000' },
      'x'.repeat(70_000),
    )
    expect(JSON.parse(large.text)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
    expect(await ask({ ':path': '/health/live', ':authority': 'planted.example' })).toMatchObject({ status: 421 })
    // A length that is not that of the body would end elsewhere once it is passed on by HTTP/1.1.
    const hidden = 'GET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'
    for (const length of ['0', '5', `${hidden.length + 5}`]) {
      const fields = { ':path': '/v1/outer', ':method': 'POST', 'content-length': length }
      expect([length, (await ask(fields, hidden)).status]).toEqual([length, 400])
    }
    expect(asked('/v1/smuggled').length + asked('/v1/outer').length).toBe(0)
  } finally {
    session.close()
  }
})
