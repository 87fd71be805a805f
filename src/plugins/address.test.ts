import { expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { monthlyKeys } from './address.ts'

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

test('another secret makes other keys', () => {
  expect(monthlyKeys('one')().current).not.toEqual(monthlyKeys('two')().current)
})
