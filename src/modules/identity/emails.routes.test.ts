import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { openLetters } from '../../../test/letters.ts'
import { withClient } from '../../../tools/create-database.ts'

const letters = await openLetters()
const app = await buildTestApp({ env: letters.env })
const { call, signUp, database, services, db } = app
const { to, tokenOf } = letters
const deliver = () => letters.deliver(app)

const [confirm, confirmNew] = ['Confirm your address', 'Confirm your new address']
const invalid = { status: 400, code: 'LINK_INVALID' }
let person: Person

beforeEach(async () => {
  person = await signUp('worker')
})

const verify = (token: string) => call('POST', '/v1/auth/email-verifications/redemption', { body: { token } })
const redeem = (token: string) => call('POST', '/v1/auth/email-changes/redemption', { body: { token } })
const logIn = (email: string) => call('POST', '/v1/auth/login', { body: { email, password: person.password } })
const askToChange = (email: string, proof: object = { password: person.password }, as: { token: string } = person) =>
  call('POST', '/v1/me/email-changes', { as, body: { email, ...proof } })

async function rows(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
}

const isVerified = async () =>
  (await rows('SELECT FROM users WHERE id = $1 AND email_verified_at IS NOT NULL', person.id)).length === 1

describe('confirming an address', () => {
  test('registering asks for the mail, and its link confirms once', async () => {
    await deliver()
    expect(await isVerified()).toBe(false)
    const token = tokenOf(person.email, confirm)
    expect((await verify(token)).statusCode).toBe(204)
    expect(await isVerified()).toBe(true)
    expect((await verify(token)).json()).toMatchObject(invalid)
  })

  test('one can ask for another mail, which makes the first void', async () => {
    await deliver()
    const first = tokenOf(person.email, confirm)
    const answer = await call('POST', '/v1/me/email-verifications', { as: person })
    expect([answer.statusCode, answer.json()]).toEqual([202, { expiresIn: 86_400 }])
    await deliver()
    expect((await verify(first)).json()).toMatchObject(invalid)
    expect((await verify(tokenOf(person.email, confirm))).statusCode).toBe(204)
  })

  test('what needs a confirmed address is refused until then', async () => {
    await expect(services.emails.requireVerified(db, person)).rejects.toMatchObject({ code: 'EMAIL_NOT_VERIFIED' })
    await deliver()
    await verify(tokenOf(person.email, confirm))
    await expect(services.emails.requireVerified(db, person)).resolves.toBeUndefined()
  })
})

describe('changing the address', () => {
  const fresh = () => `new-${randomUUID()}@example.com`

  async function changed(email: string): Promise<string> {
    await askToChange(email)
    await deliver()
    return tokenOf(email, confirmNew)
  }

  test('counts once the link that went to the new one is used, and the old one hears of it', async () => {
    const email = fresh()
    const token = await changed(email)
    expect((await logIn(email)).statusCode).toBe(401)
    expect((await redeem(token)).statusCode).toBe(204)
    expect([(await logIn(email)).statusCode, (await logIn(person.email)).statusCode]).toEqual([200, 401])
    expect(await isVerified()).toBe(true)
    await deliver()
    expect(to(person.email)[0]?.subject).toBe('Your account has a new address')
    expect((await redeem(token)).json()).toMatchObject(invalid)
  })

  test('ends all sessions but the one that asked for it, and all other links', async () => {
    const [other, own] = [(await logIn(person.email)).json(), (await logIn(person.email)).json()]
    const email = fresh()
    await deliver()
    const earlier = tokenOf(person.email, confirm)
    await askToChange(email, undefined, { token: own.accessToken })
    await deliver()
    await redeem(tokenOf(email, confirmNew))
    const renew = ({ refreshToken }: { refreshToken: string }) =>
      call('POST', '/v1/auth/refresh', { body: { refreshToken } })
    expect([(await renew(other)).statusCode, (await renew(own)).statusCode]).toEqual([401, 200])
    expect((await verify(earlier)).json()).toMatchObject(invalid)
  })

  test('an address that has an account is 409, at once or when it was taken meanwhile', async () => {
    const { email: taken } = await signUp('client')
    expect((await askToChange(taken)).json()).toMatchObject({ status: 409, code: 'EMAIL_TAKEN' })
    const email = fresh()
    const token = await changed(email)
    await rows('UPDATE users SET email = $1 WHERE email = $2', email, taken)
    expect((await redeem(token)).json()).toMatchObject({ status: 409, code: 'EMAIL_TAKEN' })
    expect((await logIn(person.email)).statusCode).toBe(200)
  })

  test.each([
    ['without a password', {}, 'PASSWORD_REQUIRED'],
    ['with a wrong one', { password: 'not the password' }, 'CREDENTIALS_WRONG'],
  ])('%s it is 401, and no mail goes out', async (_, proof, code) => {
    const email = fresh()
    expect((await askToChange(email, proof)).json()).toMatchObject({ status: 401, code })
    await deliver()
    expect(to(email)).toEqual([])
  })

  test('a new password makes a change void that was under way', async () => {
    const token = await changed(fresh())
    const body = { currentPassword: person.password, password: 'another horse entirely' }
    await call('PUT', '/v1/me/password', { as: person, body })
    expect((await redeem(token)).json()).toMatchObject(invalid)
  })
})
