import { Agent, type OutgoingHttpHeaders, request } from 'node:http'
import type { Socket } from 'node:net'
import Fastify from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { address, monthlyKeys, rememberedHashes, trustedProxies } from './address.ts'

const { app, lines } = await buildTestApp({ env: { TRUST_PROXY: 'loopback' } })

async function hashOf(address: string): Promise<unknown> {
  const { headers } = await app.inject({ url: '/v1/jobs', headers: { 'x-forwarded-for': address } })
  return lines.find(({ requestId }) => requestId === headers['x-request-id'])?.addressHash
}

test('an address has one name, whether it is written as IPv4 or inside IPv6, and others have others', async () => {
  const hash = await hashOf('198.51.100.7')
  expect(hash).toMatch(/^[\w-]{22}$/)
  expect(await hashOf('::ffff:198.51.100.7')).toBe(hash)
  expect(await hashOf('198.51.100.8')).not.toBe(hash)
})

test('addresses of one IPv6 network have one name', async () => {
  expect(await hashOf('2001:db8:1:2::1')).toBe(await hashOf('2001:db8:1:2:ffff::9'))
  expect(await hashOf('2001:db8:1:2::1')).not.toBe(await hashOf('2001:db8:1:3::1'))
})

test('no address is in any line', async () => {
  await hashOf('198.51.100.7')
  expect(JSON.stringify(lines)).not.toMatch(/198\.51\.100|2001:db8|127\.0\.0\.1/)
})

test.each([
  ['2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00Z'],
  ['2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00Z'],
])('from %s to %s the key changes, and the old one is known as such for a month', (before, after) => {
  let now = new Date(before)
  const keys = monthlyKeys('a secret', () => now)
  const old = keys().current
  expect(keys().current).toEqual(old)
  now = new Date(after)
  expect(keys().current).not.toEqual(old)
  expect(keys().former).toEqual(old)
})

/** A server behind Fly's proxy over real HTTP: a connection says where it comes from, since 172.16.0.0/12 is not on every machine. */
async function behindFly() {
  const trustProxy = ['fly']
  const edge = Fastify({ trustProxy: trustedProxies(trustProxy) })
  afterAll(() => edge.close())
  await edge.register(address, { secret: 'a secret', trustProxy })
  edge.get('/', async ({ address, protocol }) => ({ address, protocol }))
  let from = ''
  edge.server.prependListener('connection', (socket: Socket) => {
    Object.defineProperty(socket, 'remoteAddress', { value: from })
  })
  const url = await edge.listen({ port: 0, host: '127.0.0.1' })
  return (comesFrom: string, headers: OutgoingHttpHeaders) => {
    from = comesFrom
    return new Promise<{ address: string; protocol: string }>((resolve, reject) => {
      const sent = request(url, { headers, agent: new Agent() }, async (answer) => {
        resolve(JSON.parse(Buffer.concat(await answer.toArray()).toString()))
      })
      sent.once('error', reject).end()
    })
  }
}
const call = await behindFly()
const proxy = '172.16.5.82'

test.each([
  ['198.51.100.7', '198.51.100.7'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
  ['2001:db8:1:2::1', '2001:db8:1:2::1'],
])('Fly’s proxy says who calls: %s', async (client, seen) => {
  const fields = {
    'fly-client-ip': client,
    'x-forwarded-for': '203.0.113.9, 203.0.113.10',
    'x-forwarded-proto': 'https',
  }
  expect(await call(proxy, fields)).toEqual({ address: seen, protocol: 'https' })
  expect((await call(`::ffff:${proxy}`, fields)).address).toBe(seen)
  expect((await call('172.31.255.255', fields)).address).toBe(seen)
})

test.each(['198.51.100.20', '10.0.0.4', '127.0.0.1', '172.15.0.1', '172.32.0.1', 'fdaa:0:1::3', '::1'])(
  'from %s, which is not Fly’s proxy, nobody speaks for others',
  async (own) => {
    const fields = { 'fly-client-ip': '198.51.100.7', 'x-forwarded-for': '198.51.100.8', 'x-forwarded-proto': 'https' }
    expect(await call(own, fields)).toEqual({ address: own, protocol: 'http' })
  },
)

test.each<[string, OutgoingHttpHeaders]>([
  ['is missing', {}],
  ['is empty', { 'fly-client-ip': '' }],
  ['is no address', { 'fly-client-ip': 'unknown' }],
  ['has a port', { 'fly-client-ip': '198.51.100.7:443' }],
  ['is a list', { 'fly-client-ip': '198.51.100.7, 198.51.100.8' }],
  ['came twice', { 'fly-client-ip': ['198.51.100.7', '198.51.100.8'] }],
  ['is longer than any address', { 'fly-client-ip': `fe80::1%${'x'.repeat(4000)}` }],
])('the connection counts where the field %s', async (_, fields) => {
  const { address: seen } = await call(proxy, { ...fields, 'x-forwarded-for': '203.0.113.9' })
  expect(seen).toBe(proxy)
})

test('another secret makes other keys', () => {
  expect(monthlyKeys('one')().current).not.toEqual(monthlyKeys('two')().current)
})

test('what is remembered of an address ends with its key', () => {
  const [hashOf, one, two] = [rememberedHashes(), Buffer.from('one'), Buffer.from('two')]
  const hash = hashOf('198.51.100.7', one)
  expect(hashOf('198.51.100.7', one)).toBe(hash)
  expect(hashOf('198.51.100.8', one)).not.toBe(hash)
  expect(hashOf('198.51.100.7', two)).not.toBe(hash)
})
