// Where the edge leads: to TLS, to a stream, to other replicas, or to an answer of its own.
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, get, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { manyRequests, type Nginx, openNginx } from '../tools/nginx.ts'
import { bodyOf, callerOf, send, statusesOf } from './edge.ts'

let edge: Nginx
let silent: Server
let echo: Server
const at = (server: Server) => `127.0.0.1:${(server.address() as AddressInfo).port}`

async function listen(answer: RequestListener): Promise<Server> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

beforeAll(async () => {
  silent = await listen(() => {})
  echo = await listen(({ url, headers }, response) => response.end(JSON.stringify({ url, headers })))
  echo.on('upgrade', ({ headers }, socket) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${headers.upgrade}\r\n\r\n`)
    socket.pipe(socket)
  })
  const edits = [...manyRequests, { file: 'proxy.conf', find: 'read_timeout 35s', replace: 'read_timeout 1s' }]
  edge = await openNginx({ upstreams: [at(echo)], hosts: ['localhost'], edits })
})

afterAll(async () => {
  await edge?.close()
  for (const server of [silent, echo]) server?.closeAllConnections()
  for (const server of [silent, echo]) server?.close()
})

async function leadTo(...upstreams: string[]): Promise<void> {
  onTestFinished(() => edge.setUpstreams([at(echo)]))
  await edge.setUpstreams(upstreams)
}

const headers = { host: 'localhost' }

test('plain HTTP leads to the same URL by TLS, without a word of HSTS', async () => {
  const said = await send(
    edge,
    'POST /v1/jobs?a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    { plain: true },
  )
  expect(statusesOf(said)).toEqual([308])
  expect(said).toContain(`Location: https://localhost:${edge.port}/v1/jobs?a=b\r\n`)
  expect(said).not.toMatch(/strict-transport-security/i)
})

test.each([
  ['https://jobs.example.com', ''],
  ['https://jobs.example.com/', ''],
  ['https://[2001:db8::1]', ''],
  ['https://[2001:db8::1]:8443', ':8443'],
  ['https://jobs.example.com:8443', ':8443'],
  ['https://jobs.example.com:8443/jobs', ':8443'],
])('with the public URL %s plain HTTP leads to the port "%s" of whatever host was asked', async (publicUrl, named) => {
  const other = await openNginx({ upstreams: [at(echo)], hosts: ['localhost'], publicUrl })
  onTestFinished(other.close)
  const said = await send(other, 'GET /docs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', { plain: true })
  expect(said).toContain(`Location: https://localhost${named}/docs\r\n`)
})

test('the proof for a certificate is served in clear, and nothing beside it', async () => {
  await writeFile(join(edge.folder, 'acme/.well-known/acme-challenge/token'), 'proof')
  const ask = (path: string) =>
    send(edge, `GET /.well-known/acme-challenge/${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, {
      plain: true,
    })
  const said = await ask('token')
  expect(said).toMatch(/\r\nContent-Type: text\/plain\r\n/)
  expect(said.endsWith('\r\n\r\nproof')).toBe(true)
  expect(bodyOf(await ask('other'))).toMatchObject({ status: 404, code: 'ROUTE_NOT_FOUND' })
  expect(statusesOf(await ask('../../../certificate.pem'))).not.toContain(200)
})

test('plain HTTP on the port of TLS is a problem', async () => {
  const answer = await new Promise<{ status: number; type: string }>((resolve, reject) => {
    get(`http://localhost:${edge.port}/`, { family: 4, agent: false }, ({ statusCode = 0, headers: fields }) =>
      resolve({ status: statusCode, type: `${fields['content-type']}` }),
    ).once('error', reject)
  })
  expect(answer).toEqual({ status: 400, type: 'application/problem+json' })
})

test('a file may be as long as the service takes it, and nothing else may', async () => {
  const call = callerOf(edge)
  const statusOf = async (path: string, length: number) => {
    return (await call('POST', path, { raw: 'a'.repeat(length), headers })).status
  }
  expect(await statusOf('/v1/me/uploads', 5_242_880)).toBe(200)
  expect(await statusOf('/v1/me/uploads', 5_242_881)).toBe(413)
  for (const path of ['/v1/me/uploads/1', '/v1/jobs']) expect(await statusOf(path, 65_537)).toBe(413)
})

test('a WebSocket is opened on the stream of notifications, and nowhere else', async () => {
  const open = (path: string, upgrade: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port: edge.port, host: '127.0.0.1', ca: edge.ca, ALPNProtocols: ['http/1.1'] })
      let said = ''
      socket.on('data', (bytes) => {
        said += bytes
        if (said.endsWith('ping')) socket.end()
        if (/^HTTP\/1\.1 101/.test(said) && said.endsWith('\r\n\r\n')) socket.write('ping')
        if (/^HTTP\/1\.1 200/.test(said)) socket.end()
      })
      socket.once('close', () => resolve(said))
      socket.once('error', reject)
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`)
    })
  expect(await open('/v1/me/notifications/stream', 'websocket')).toMatch(/^HTTP\/1\.1 101 [\s\S]*ping$/)
  // It would get past whatever reads requests one by one (h2c smuggling).
  expect(await open('/v1/me/notifications/stream', 'h2c')).toMatch(/^HTTP\/1\.1 200 /)
  expect(await open('/v1/jobs', 'websocket')).toMatch(/^HTTP\/1\.1 200 /)
})

test('a replica gets what the edge says, and nothing that a stranger says of his way here', async () => {
  const strange = {
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-host': 'a.example',
    'x-real-ip': '203.0.113.7',
    forwarded: 'for=x',
  }
  const traces = { traceparent: 'x', tracestate: 'y', baggage: 'z', x_request_id: 'underscored' }
  const answer = await callerOf(edge, '127.81.0.1')('GET', '/v1/a%2Fb?c=d', {
    headers: { ...headers, ...strange, ...traces },
  })
  const seen = answer.json<{ url: string; headers: Record<string, string> }>()
  expect(seen.url).toBe('/v1/a%2Fb?c=d')
  const {
    host,
    connection,
    'x-request-id': id,
    'x-forwarded-for': address,
    'x-forwarded-proto': protocol,
    ...rest
  } = seen.headers
  expect({ host, connection, address, protocol, rest }).toEqual({
    host: 'localhost',
    connection: undefined,
    address: '127.81.0.1',
    protocol: 'https',
    rest: {},
  })
  expect(id).toMatch(/^[0-9a-f]{32}$/)
})

test('no replica at all is 502, a silent one 504, both with what to do', async () => {
  const call = callerOf(edge)
  await leadTo('127.0.0.1:1', '127.0.0.1:2')
  // The reload that follows would end a connection that is kept.
  const none = await call('GET', '/v1/jobs', { headers: { ...headers, connection: 'close' } })
  expect([none.status, none.json().code, none.field('retry-after')]).toEqual([502, 'REPLICA_FAILED', '1'])
  await edge.setUpstreams([at(silent)])
  const late = await call('POST', '/v1/jobs', { headers, body: {}, key: null })
  expect([late.status, late.json().code, late.json().instance]).toEqual([504, 'REPLICA_TOO_SLOW', '/v1/jobs'])
})

test('other replicas take over while requests come, and none is lost that has a connection of its own', async () => {
  const call = callerOf(edge)
  const other = await listen((_, response) => response.end('other'))
  onTestFinished(() => void other.close())
  const answers: string[] = []
  let over = false
  const asking = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!over)
        answers.push(`${(await call('GET', '/v1/jobs', { headers: { ...headers, connection: 'close' } })).status}`)
    }),
  )
  await leadTo(at(other))
  await edge.setUpstreams([at(echo), at(other)])
  await edge.setUpstreams([at(other)])
  over = true
  await asking
  expect(new Set(answers)).toEqual(new Set(['200']))
  expect((await call('GET', '/v1/jobs', { headers })).text).toBe('other')
})

test('the exporter reads its figures on a port of their own', async () => {
  const answer = await fetch(`${edge.inside}/status`)
  expect(await answer.text()).toMatch(/^Active connections: \d+/)
  expect((await fetch(`${edge.inside}/metrics`)).status).toBe(404)
})

test('files that nginx does not take are told before anything runs', async () => {
  const edits = [{ file: 'limits.conf', find: 'client_max_body_size 64k;', replace: 'client_max_body_size much;' }]
  await expect(openNginx({ upstreams: [at(echo)], edits })).rejects.toThrow(
    /"client_max_body_size" directive invalid value/,
  )
})

test('replicas that nginx does not take are told, and it leads to those before, or to the next that it takes', async () => {
  const ask = async () =>
    (await callerOf(edge)('GET', '/v1/jobs', { headers: { ...headers, connection: 'close' } })).status
  for (const nowhere of ['127.0.0.1:none', '127.0.0.1:99999']) {
    await expect(edge.setUpstreams([nowhere])).rejects.toThrow(`invalid port in upstream "${nowhere}"`)
    expect(await ask()).toBe(200)
  }
  await leadTo('127.0.0.1:1')
  expect(await ask()).toBe(502)
})
