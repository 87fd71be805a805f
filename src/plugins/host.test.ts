import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { createLog } from '../lib/log.ts'
import { createMetrics } from '../lib/metrics.ts'
import { createSecurityLog } from '../lib/security-log.ts'
import { address } from './address.ts'
import { host } from './host.ts'
import { problems } from './problems.ts'

const lines: string[] = []
const log = createLog({
  ...{ level: 'warn', format: 'json', service: 'test', version: '0', deployment: 'test' },
  destination: { write: (line: string) => void lines.push(line) },
})
const app = Fastify({
  trustProxy: true,
  http: { requireHostHeader: false },
})
afterAll(() => app.close())
await app.register(problems)
app.decorateRequest('seen', {
  getter() {
    return { requestId: this.id }
  },
})
await app.register(address, { secret: 'a secret' })
await app.register(host, {
  hosts: ['api.example.com', 'Other.Example.com', '[2001:db8::1]'],
  security: createSecurityLog({ log, metrics: createMetrics() }),
})
app.get('/thing', async () => ({}))
const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)

async function send(head: string): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${head}\r\nConnection: close\r\n\r\n`)
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await text(socket))?.[1])
}
const asking = (...hosts: string[]) =>
  send(['GET /thing HTTP/1.1', ...hosts.map((name) => `Host: ${name}`)].join('\r\n'))

test.each([
  ['our name', 'api.example.com'],
  ['with a port', 'api.example.com:8443'],
  ['in capitals', 'API.Example.COM'],
  ['with the dot of the root', 'api.example.com.'],
  ['that was listed in capitals', 'other.example.com'],
  ['an IPv6 address that is listed', '[2001:db8::1]:8080'],
  ['the address that was called', `127.0.0.1:${port}`],
  ['the same, mapped into IPv6', '[::ffff:127.0.0.1]'],
  ['localhost, over loopback', `localhost:${port}`],
])('a Host of %s is ours', async (_, name) => {
  expect(await asking(name)).toBe(200)
})

test.each([
  ['another name', 'evil.example'],
  ['a longer name', 'api.example.com.evil.example'],
  ['a part of ours', 'example.com'],
  ['another address', '10.0.0.1'],
  ['another IPv6 address', '[::1]'],
])('a Host of %s is 421, and recorded', async (_, name) => {
  lines.length = 0
  expect(await asking(name)).toBe(421)
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ security: 'host.refused', host: name }),
  ])
})

test.each([
  ['empty', ['']],
  ['with a login', ['me@api.example.com']],
  ['with a path', ['api.example.com/thing']],
  ['with a port that is none', ['api.example.com:http']],
  ['of two names', ['api.example.com, evil.example']],
  ['twice', ['api.example.com', 'api.example.com']],
])('a Host %s is malformed: 400', async (_, hosts) => {
  expect(await asking(...hosts)).toBe(400)
})

test('a Host without end is refused, and recorded at a bearable length', async () => {
  lines.length = 0
  expect(await asking('a'.repeat(5000))).toBe(421)
  expect(JSON.parse(lines[0] ?? '').host).toHaveLength(100)
})

test('no Host at all is refused, also in HTTP/1.0', async () => {
  expect(await asking()).toBe(400)
  expect(await send('GET /thing HTTP/1.0')).toBe(400)
})

test('a URL with another host is refused, whatever Host says', async () => {
  expect(await send('GET http://evil.example/thing HTTP/1.1\r\nHost: api.example.com')).toBe(421)
  expect(await send('GET http://api.example.com/thing HTTP/1.1\r\nHost: api.example.com')).toBe(200)
})

test('X-Forwarded-Host makes nothing ours and nothing foreign, also behind a trusted proxy', async () => {
  expect(await asking('evil.example\r\nX-Forwarded-Host: api.example.com')).toBe(421)
  expect(await asking('api.example.com\r\nX-Forwarded-Host: evil.example')).toBe(200)
})
