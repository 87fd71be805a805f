import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { openLetters } from '../../../test/letters.ts'
import { withClient } from '../../../tools/create-database.ts'

const letters = await openLetters()
const app = await buildTestApp({ env: { ...letters.env, APP_URL: 'https://pages.example/app/' } })
const { call, signUp, database } = app
const { to, tokenOf } = letters
const deliver = () => letters.deliver(app)

const [signInSubject, resetSubject] = ['Your link to sign in', 'Choose a new password']
let person: Person

beforeEach(async () => {
  person = await signUp('worker')
})

const ask = (what: string, email: string, headers = {}) =>
  call('POST', `/v1/auth/${what}`, { body: { email }, headers })
const redeem = (what: string, body: object) => call('POST', `/v1/auth/${what}/redemption`, { body })
const logIn = (email: string, password: string) => call('POST', '/v1/auth/login', { body: { email, password } })
const invalid = { status: 400, code: 'LINK_INVALID' }

async function rows(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
}

async function magicLink(): Promise<string> {
  await ask('magic-links', person.email)
  await deliver()
  return tokenOf(person.email, signInSubject)
}

describe('a magic link', () => {
  test('signs in once, and proves the address', async () => {
    const token = await magicLink()
    const answer = await redeem('magic-links', { token })
    expect(answer.json()).toMatchObject({ tokenType: 'Bearer', user: { id: person.id } })
    expect(answer.headers['cache-control']).toBe('no-store')
    const me = await call('GET', '/v1/me', { as: { token: answer.json().accessToken } })
    expect(me.statusCode).toBe(200)
    expect(await rows('SELECT FROM users WHERE id = $1 AND email_verified_at IS NOT NULL', person.id)).toHaveLength(1)
    expect((await redeem('magic-links', { token })).json()).toMatchObject(invalid)
  })

  test('of ten redemptions at once, one signs in', async () => {
    const token = await magicLink()
    const answers = await Promise.all(Array.from({ length: 10 }, () => redeem('magic-links', { token })))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(9).fill(400)])
  })

  test('comes as cookies where that is asked for', async () => {
    const answer = await redeem('magic-links', { token: await magicLink(), mode: 'cookie' })
    expect(answer.json()).not.toHaveProperty('accessToken')
    expect(answer.cookies.map(({ name }) => name)).toContain('__Host-access')
  })

  test('leads to the pages of the configuration, in a fragment, and ends after 15 minutes', async () => {
    await magicLink()
    const [mail] = to(person.email)
    expect(mail?.text).toMatch(/^https:\/\/pages[.]example\/app\/magic-link#token=[\w-]{43}$/m)
    const [link] = await rows(
      `SELECT extract(epoch FROM expires_at - created_at)::int AS seconds FROM mail_links
       WHERE user_id = $1 AND kind = 'magic-link'`,
      person.id,
    )
    expect(link).toEqual({ seconds: 900 })
  })

  test('is void when its time is over', async () => {
    const token = await magicLink()
    await rows("UPDATE mail_links SET expires_at = now() - interval '1 ms' WHERE user_id = $1", person.id)
    expect((await redeem('magic-links', { token })).json()).toMatchObject(invalid)
  })

  test('makes the earlier one void', async () => {
    const [first, second] = [await magicLink(), await magicLink()]
    expect((await redeem('magic-links', { token: first })).json()).toMatchObject(invalid)
    expect((await redeem('magic-links', { token: second })).statusCode).toBe(200)
  })

  test('is good for nothing else', async () => {
    const token = await magicLink()
    const body = { token, password: 'another horse entirely' }
    expect((await redeem('password-resets', body)).json()).toMatchObject(invalid)
    expect((await redeem('email-verifications', { token })).json()).toMatchObject(invalid)
  })

  test.each([
    ['unknown', randomBytes(32).toString('base64url')],
    ['empty', ''],
    ['of another shape', 'x'.repeat(200)],
    ['in another alphabet', '../../etc/passwd'],
  ])('that is %s is refused like one that was used', async (_, token) => {
    const used = await magicLink()
    await redeem('magic-links', { token: used })
    const { requestId: __, ...first } = (await redeem('magic-links', { token: used })).json()
    const { requestId: ___, ...second } = (await redeem('magic-links', { token })).json()
    expect(second).toEqual(first)
  })
})

describe('asking for a link', () => {
  test.each(['magic-links', 'password-resets'])('%s: an address without an account is answered alike', async (what) => {
    const [known, unknown] = [await ask(what, person.email), await ask(what, `no-${person.email}`)]
    expect([known.statusCode, known.json()]).toEqual([202, unknown.json()])
    await deliver()
    expect(to(`no-${person.email}`)).toEqual([])
  })

  test('runs the same statements for an address without an account, so that time tells nothing', async () => {
    const run = async (email: string) => {
      const sent: string[] = []
      const { query } = pg.Client.prototype
      pg.Client.prototype.query = function (this: pg.Client, ...words: unknown[]) {
        sent.push((words[0] as { text?: string }).text ?? String(words[0]))
        return Reflect.apply(query, this, words)
      } as typeof query
      await ask('magic-links', email).finally(() => {
        pg.Client.prototype.query = query
      })
      return sent
    }
    const statements = await run(person.email)
    expect(statements.length).toBeGreaterThan(5)
    expect(await run(`no-${person.email}`)).toEqual(statements)
  })

  test('a blocked account is answered alike, and gets nothing', async () => {
    await rows('UPDATE users SET blocked_at = now() WHERE id = $1', person.id)
    expect((await ask('magic-links', person.email)).statusCode).toBe(202)
    await deliver()
    expect(to(person.email)).toEqual([])
  })

  test('an account gets five an hour, and the sixth call is answered alike', async () => {
    const answers = []
    for (let i = 0; i < 6; i++) {
      answers.push(await ask('magic-links', person.email))
      await deliver()
    }
    expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1)
    expect(to(person.email).filter(({ subject }) => subject === signInSubject)).toHaveLength(5)
  })

  test('a call that is repeated under its key sends one mail', async () => {
    for (let i = 0; i < 2; i++) await ask('magic-links', person.email, { 'idempotency-key': `again-${person.id}` })
    await deliver()
    expect(to(person.email).filter(({ subject }) => subject === signInSubject)).toHaveLength(1)
  })

  test('leaves one line in the audit trail, without the person, whether there is an account or not', async () => {
    const before = await rows("SELECT FROM audit_log WHERE action = 'link.requested'")
    await ask('magic-links', person.email)
    await ask('magic-links', `no-${person.email}`)
    const after = await rows("SELECT actor_id FROM audit_log WHERE action = 'link.requested' ORDER BY id")
    expect(after.slice(before.length)).toEqual([{ actor_id: null }, { actor_id: null }])
  })
})

describe('a password reset', () => {
  const next = 'another horse entirely'

  async function resetLink(): Promise<string> {
    await ask('password-resets', person.email)
    await deliver()
    return tokenOf(person.email, resetSubject)
  }

  test('sets the password, ends all sessions, tells the owner, and signs nobody in', async () => {
    const session = (await logIn(person.email, person.password)).json()
    const magic = await magicLink()
    const token = await resetLink()
    const answer = await redeem('password-resets', { token, password: next })
    expect([answer.statusCode, answer.body, answer.cookies]).toEqual([204, '', []])
    expect((await logIn(person.email, person.password)).statusCode).toBe(401)
    expect((await logIn(person.email, next)).statusCode).toBe(200)
    const renewal = await call('POST', '/v1/auth/refresh', { body: { refreshToken: session.refreshToken } })
    expect(renewal.statusCode).toBe(401)
    await deliver()
    expect(to(person.email).map(({ subject }) => subject)).toContain('Your password was changed')
    expect((await redeem('password-resets', { token, password: next })).json()).toMatchObject(invalid)
    expect((await redeem('magic-links', { token: magic })).json()).toMatchObject(invalid)
  })

  test('a password that is refused leaves the link good', async () => {
    const token = await resetLink()
    const refused = await redeem('password-resets', { token, password: 'password1234' })
    expect(refused.json()).toMatchObject({ status: 400, errors: [{ path: '/body/password' }] })
    expect((await redeem('password-resets', { token, password: next })).statusCode).toBe(204)
  })
})

describe('a password change', () => {
  const change = (body: object) => call('PUT', '/v1/me/password', { as: { token: person.token }, body })

  test('takes the current one, and ends the other sessions alone', async () => {
    const [other, own] = [await logIn(person.email, person.password), await logIn(person.email, person.password)]
    const as = { token: own.json().accessToken }
    const body = { currentPassword: person.password, password: 'another horse entirely' }
    expect((await call('PUT', '/v1/me/password', { as, body })).statusCode).toBe(204)
    const renew = (answer: typeof other) =>
      call('POST', '/v1/auth/refresh', { body: { refreshToken: answer.json().refreshToken } })
    expect([(await renew(other)).statusCode, (await renew(own)).statusCode]).toEqual([401, 200])
    expect((await logIn(person.email, 'another horse entirely')).statusCode).toBe(200)
  })

  test('a wrong current one is 401, and changes nothing', async () => {
    const answer = await change({ currentPassword: 'not the password', password: 'another horse entirely' })
    expect(answer.json()).toMatchObject({ status: 401, code: 'CREDENTIALS_WRONG' })
    expect((await logIn(person.email, person.password)).statusCode).toBe(200)
  })
})
