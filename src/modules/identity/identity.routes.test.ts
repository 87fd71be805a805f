import { describe, expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'

const { call, signUp, services } = await buildTestApp()

const ada = (changes = {}) => ({
  email: 'ada@example.com',
  password: 'twelve letters',
  name: 'Ada',
  role: 'client',
  ...changes,
})
const register = (changes = {}) => call('POST', '/v1/auth/register', { body: ada(changes) })
const logIn = (body: unknown) => call('POST', '/v1/auth/login', { body })

describe('registering', () => {
  test('makes an account, without its password, that can sign in', async () => {
    const answer = await register({ email: 'Ada.L@Example.com' })
    expect(answer.statusCode).toBe(201)
    expect(answer.headers.location).toBe('/v1/me')
    expect(answer.json()).toMatchObject({ email: 'ada.l@example.com', role: 'client', version: 1 })
    expect(answer.body).not.toMatch(/password|argon2/i)

    const signIn = await logIn({ email: 'ada.l@example.com', password: ada().password })
    expect(signIn.json()).toMatchObject({ tokenType: 'Bearer', expiresIn: 600, user: answer.json() })
    const me = await call('GET', '/v1/me', { as: { token: signIn.json().accessToken } })
    expect(me.json()).toEqual(answer.json())
  })

  test('an e-mail address has one account, in whatever case', async () => {
    await register({ email: 'once@example.com' })
    expect((await register({ email: 'ONCE@example.com' })).json()).toMatchObject({ status: 409, code: 'EMAIL_TAKEN' })
  })

  test('of ten registrations of one address at once, one succeeds', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => register({ email: 'raced@example.com' })))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, ...Array(9).fill(409)])
  })

  test.each(['admin', 'support', 'owner'])('nobody makes themselves %s', async (role) => {
    expect((await register({ role })).json()).toMatchObject({ status: 400, errors: [{ path: '/body/role' }] })
  })

  test.each([
    ['a short password', { password: 'eleven char' }, '/body/password'],
    ['a password too long to hash', { password: 'x'.repeat(129) }, '/body/password'],
    ['an address that is none', { email: 'ada' }, '/body/email'],
    ['an empty name', { name: '' }, '/body/name'],
    ['a null character', { name: 'A\u0000da' }, '/body/name'],
    ['a number for a name', { name: 7 }, '/body/name'],
    ['null for a name', { name: null }, '/body/name'],
    ['an unknown member', { isAdmin: true }, '/body/isAdmin'],
  ])('%s is 400 and named', async (_, changes, path) => {
    const answer = await register(changes)
    expect([answer.statusCode, answer.json().errors.map((error: { path: string }) => error.path)]).toEqual([
      400,
      [path],
    ])
  })
})

describe('signing in', () => {
  test('a wrong password and an unknown account answer alike', async () => {
    const { email } = await signUp('worker')
    const wrong = await logIn({ email, password: 'not the password' })
    const unknown = await logIn({ email: 'unknown@example.com', password: 'not the password' })
    const { requestId: _, ...first } = wrong.json()
    const { requestId: __, ...second } = unknown.json()
    expect(first).toMatchObject({ status: 401, code: 'CREDENTIALS_WRONG' })
    expect(second).toEqual(first)
  })

  test('the address may be written in any case', async () => {
    const { email, password } = await signUp('worker')
    expect((await logIn({ email: email.toUpperCase(), password })).statusCode).toBe(200)
  })
})

describe('me', () => {
  test('a stranger is told to sign in', async () => {
    expect((await call('GET', '/v1/me')).json()).toMatchObject({ status: 401, code: 'TOKEN_MISSING' })
  })

  test('the name changes for who saw the current version', async () => {
    const person = await signUp('worker')
    const change = (ifMatch: string) =>
      call('PATCH', '/v1/me', { as: person, body: { name: 'Wanda' }, headers: { 'if-match': ifMatch } })
    const answer = await change('"1"')
    expect([answer.json().name, answer.headers.etag]).toEqual(['Wanda', '"2"'])
    expect((await change('"1"')).statusCode).toBe(412)
  })

  test('neither role nor e-mail can be changed here', async () => {
    const person = await signUp('worker')
    const answer = await call('PATCH', '/v1/me', {
      as: person,
      body: { name: 'W', role: 'admin' },
      headers: { 'if-match': '*' },
    })
    expect(answer.json().errors).toEqual([{ path: '/body/role', message: 'is not a known member' }])
  })

  test('the token of an account that is gone is 401', async () => {
    const token = await services.tokens.sign({
      id: '0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11',
      role: 'client',
      sessionId: '0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a12',
    })
    expect((await call('GET', '/v1/me', { as: { token } })).json()).toMatchObject({ status: 401, code: 'ACCOUNT_GONE' })
  })
})
