import type { LightMyRequestResponse } from 'fastify'
import { describe, expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const ours = 'http://127.0.0.1:8080'
const { call, signUp, lines } = await buildTestApp({ env: { CORS_ORIGINS: 'https://app.example.com' } })

type Browser = { cookie: string; csrf: string; refresh: string }

const cookiesOf = (answer: LightMyRequestResponse) =>
  Object.fromEntries(answer.cookies.map(({ name, value }) => [name, value])) as Record<string, string>
const fieldOf = (cookies: Record<string, string>) =>
  Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')

async function signIn(): Promise<Browser & { answer: LightMyRequestResponse }> {
  const { email, password } = await signUp('client')
  const answer = await call('POST', '/v1/auth/login', { body: { email, password, mode: 'cookie' } })
  const cookies = cookiesOf(answer)
  return { cookie: fieldOf(cookies), csrf: answer.json().csrfToken, refresh: cookies['__Host-refresh'] ?? '', answer }
}

const write = (headers: Record<string, string>) =>
  call('PATCH', '/v1/me', { body: { name: 'Cleo' }, headers: { 'if-match': '*', ...headers } })

describe('signing in as a browser', () => {
  test('the tokens come as cookies of this host that no script can read, and not in the body', async () => {
    const { answer, csrf } = await signIn()
    expect(answer.json()).toEqual({ csrfToken: csrf, tokenType: 'Bearer', expiresIn: 600, user: expect.anything() })
    const hidden = { path: '/', secure: true, httpOnly: true, sameSite: 'Strict' }
    expect(answer.cookies).toMatchObject([
      { name: '__Host-access', maxAge: 600, ...hidden },
      { name: '__Host-refresh', maxAge: 14 * 86_400, ...hidden },
      { name: '__Host-csrf', value: csrf, path: '/', secure: true, sameSite: 'Strict' },
    ])
    expect(answer.cookies[2]).not.toHaveProperty('httpOnly')
    expect(answer.cookies.some((cookie) => 'domain' in cookie)).toBe(false)
  })

  test('a read needs the cookie alone', async () => {
    const { cookie } = await signIn()
    expect((await call('GET', '/v1/me', { headers: { cookie } })).statusCode).toBe(200)
    expect((await call('GET', '/v1/me', { headers: { cookie: '__Host-access=nonsense' } })).statusCode).toBe(401)
  })

  test('a bearer token counts before a cookie', async () => {
    const { cookie } = await signIn()
    const worker = await signUp('worker')
    const answer = await call('GET', '/v1/me', { as: worker, headers: { cookie } })
    expect(answer.json().id).toBe(worker.id)
  })
})

describe('a write by cookie', () => {
  test.each([ours, 'https://app.example.com'])('is taken from %s with the token of the session', async (origin) => {
    const { cookie, csrf } = await signIn()
    expect((await write({ cookie, origin, 'x-csrf-token': csrf })).statusCode).toBe(200)
  })

  test.each<[string, (browser: Browser, other: Browser) => Record<string, string>]>([
    ['without a token', () => ({ origin: ours })],
    ['with a token of its own making', () => ({ origin: ours, 'x-csrf-token': 'a.b' })],
    ['with a token of another session', (_, { csrf }) => ({ origin: ours, 'x-csrf-token': csrf })],
    [
      'with token and cookie of another session',
      ({ cookie }, other) => ({
        origin: ours,
        'x-csrf-token': other.csrf,
        cookie: cookie.replace(/__Host-csrf=[^;]+/, `__Host-csrf=${other.csrf}`),
      }),
    ],
    ['without an origin', ({ csrf }) => ({ 'x-csrf-token': csrf })],
    ['from another origin', ({ csrf }) => ({ origin: 'https://evil.example', 'x-csrf-token': csrf })],
    ['from nowhere', ({ csrf }) => ({ origin: 'null', 'x-csrf-token': csrf })],
  ])('%s is 403, and told', async (_, change) => {
    const [browser, other] = [await signIn(), await signIn()]
    const answer = await write({ cookie: browser.cookie, ...change(browser, other) })
    expect(answer.json()).toMatchObject({ status: 403, code: 'CSRF_REFUSED' })
    expect(lines.at(-2)).toMatchObject({ security: 'csrf.refused' })
  })

  test('by a bearer token needs no proof, whatever cookies come along', async () => {
    const { cookie } = await signIn()
    const worker = await signUp('worker')
    const answer = await call('PATCH', '/v1/me', {
      as: worker,
      body: { name: 'Wim' },
      headers: { 'if-match': '*', cookie },
    })
    expect(answer.statusCode).toBe(200)
  })
})

describe('renewing by cookie', () => {
  const renew = (headers: Record<string, string>) => call('POST', '/v1/auth/refresh', { body: {}, headers })

  test('brings new cookies, also after the access token is gone', async () => {
    const { cookie, csrf, refresh } = await signIn()
    const headers = { cookie: cookie.replace(/__Host-access=[^;]+; /, ''), origin: ours, 'x-csrf-token': csrf }
    const answer = await renew(headers)
    expect(answer.statusCode).toBe(200)
    expect(cookiesOf(answer)['__Host-refresh']).not.toBe(refresh)
    expect((await call('GET', '/v1/me', { headers: { cookie: fieldOf(cookiesOf(answer)) } })).statusCode).toBe(200)
  })

  test('needs the proof too', async () => {
    const { cookie, csrf } = await signIn()
    expect((await renew({ cookie })).statusCode).toBe(403)
    expect((await renew({ cookie, origin: ours, 'x-csrf-token': 'a.b' })).statusCode).toBe(403)
    expect((await renew({ cookie, origin: ours, 'x-csrf-token': csrf })).statusCode).toBe(200)
  })

  test('signing out takes the cookies away', async () => {
    const { cookie, csrf } = await signIn()
    const answer = await call('POST', '/v1/auth/logout', { headers: { cookie, origin: ours, 'x-csrf-token': csrf } })
    expect([answer.statusCode, Object.values(cookiesOf(answer))]).toEqual([204, ['', '', '']])
    expect((await call('GET', '/v1/me', { headers: { cookie } })).statusCode).toBe(401)
  })
})
