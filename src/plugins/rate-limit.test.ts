import { describe, expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const { app, call, signUp, services, lines } = await buildTestApp({
  env: {
    LIMIT_AUTH: '2/60s',
    LIMIT_READ: '3/60s',
    LIMIT_PUBLIC: '4/60s',
    LIMIT_PARTNER_FACTOR: '2',
    LIMIT_EXEMPT: '192.0.2.0/24,2001:db8:ffff::/48',
    TRUST_PROXY: '203.0.113.0/24',
  },
})

const wrong = { email: 'nobody@example.com', password: 'not-the-password' }
const from = (remoteAddress: string, forwarded?: string, url = '/v1/jobs') =>
  app.inject({ url, remoteAddress, ...(forwarded && { headers: { 'x-forwarded-for': forwarded } }) })
async function takenFrom(addresses: string[], forwarded?: (n: number) => string): Promise<number> {
  const answers = []
  for (const [n, address] of addresses.entries()) answers.push(await from(address, forwarded?.(n)))
  return answers.filter(({ statusCode }) => statusCode === 200).length
}
const times = (count: number, address: string) => Array.from({ length: count }, () => address)

describe('a limit', () => {
  test('is told with each answer, and refuses by a problem that says when to come again', async () => {
    const signIn = () => call('POST', '/v1/auth/login', { body: wrong })
    const [first, second, third] = [await signIn(), await signIn(), await signIn()]
    expect(first.headers).toMatchObject({ 'ratelimit-policy': '"auth";q=2;w=60' })
    expect(first.headers.ratelimit).toMatch(/^"auth";r=1;t=\d+$/)
    expect([first.statusCode, second.statusCode, third.statusCode]).toEqual([401, 401, 429])
    expect(third.json()).toMatchObject({ status: 429, code: 'LIMIT_REACHED' })
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0)
    expect(third.headers.ratelimit).toMatch(/^"auth";r=0;t=\d+$/)
    expect(lines).toContainEqual(
      expect.objectContaining({ security: 'limit.refused', policy: 'auth', addressHash: expect.any(String) }),
    )
    expect(await services.metrics.text()).toContain('seaworthy_limit_refusals_total{policy="auth"} 1')
  })

  test('counts users by themselves, wherever they call from, and partners have more', async () => {
    const [one, other, partner] = await Promise.all([signUp('client'), signUp('client'), signUp('client')])
    const token = await services.tokens.sign({ ...partner, sessionId: partner.id, tier: 'partner' })
    const statuses = async (as: { token: string }, count: number) => {
      const all = []
      for (let n = 0; n < count; n++) all.push((await call('GET', '/v1/me', { as })).statusCode)
      return all
    }
    expect(await statuses(one, 4)).toEqual([200, 200, 200, 429])
    expect(await statuses(other, 1)).toEqual([200])
    expect(await statuses({ token }, 7)).toEqual([200, 200, 200, 200, 200, 200, 429])
  })

  test('stops a flood of bad tokens before anyone is authorised, and paths that there are not', async () => {
    const bad = () =>
      app.inject({ url: '/v1/me', remoteAddress: '198.51.100.7', headers: { authorization: 'Bearer bad' } })
    const seen = [await bad(), await bad(), await bad(), await bad()].map(({ statusCode }) => statusCode)
    expect(seen).toEqual([401, 401, 401, 429])
    const nowhere = []
    for (let n = 0; n < 5; n++) nowhere.push((await from('198.51.100.8', undefined, `/nowhere/${n}`)).statusCode)
    expect(nowhere).toEqual([404, 404, 404, 404, 429])
  })

  test('health is never limited', async () => {
    for (let n = 0; n < 10; n++) {
      const answer = await from('198.51.100.9', undefined, '/health/live')
      expect([answer.statusCode, answer.headers.ratelimit]).toEqual([200, undefined])
    }
  })
})

describe('an address', () => {
  test('IPv6 counts by /64, and IPv4 that is mapped into it as IPv4', async () => {
    expect(await takenFrom(Array.from({ length: 6 }, (_, n) => `2001:db8:1:2::${n + 1}`))).toBe(4)
    expect(await takenFrom(['2001:db8:1:3::1'])).toBe(1)
    expect(await takenFrom([...times(3, '198.51.100.20'), ...times(3, '::ffff:198.51.100.20')])).toBe(4)
  })

  test('a caller who varies X-Forwarded-For is limited under the real address', async () => {
    expect(await takenFrom(times(6, '198.51.100.30'), (n) => `10.0.0.${n}`)).toBe(4)
    expect(await takenFrom(times(6, '198.51.100.31'), (n) => `${'9.9.9.9, '.repeat(500)}8.8.8.${n}`)).toBe(4)
  })

  test('a proxy of ours vouches for the last address, whatever the caller wrote before it', async () => {
    expect(await takenFrom(times(6, '203.0.113.5'), (n) => `10.0.0.${n}, 198.51.100.40`)).toBe(4)
    expect(await takenFrom(times(1, '203.0.113.5'), () => '198.51.100.41')).toBe(1)
  })

  test.each(['garbage', '', ',,,', '999.1.1.1', '1.2.3.4:80', '[::1]', '<script>'])(
    'what a proxy forwards that is none is the proxy itself: %j',
    async (forwarded) => {
      const answer = await from('203.0.113.77', forwarded, '/health/live')
      expect(answer.statusCode).toBe(200)
    },
  )

  test('exempt networks have no limit', async () => {
    expect(await takenFrom(times(8, '192.0.2.9'))).toBe(8)
    expect(await takenFrom(times(8, '2001:db8:ffff::9'))).toBe(8)
  })
})
