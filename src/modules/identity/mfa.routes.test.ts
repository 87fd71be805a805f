import { setTimeout as delay } from 'node:timers/promises'
import { Secret, TOTP } from 'otpauth'
import { beforeEach, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { openLetters } from '../../../test/letters.ts'
import { withClient } from '../../../tools/create-database.ts'

const letters = await openLetters()
const app = await buildTestApp({ env: letters.env })
const { call, signUp, database, lines } = app

let person: Person
beforeEach(async () => {
  person = await signUp('client')
})

const mfa = (method: string, path: string, body: object) => call(method, `/v1/me/mfa${path}`, { as: person, body })
const start = () => mfa('POST', '', { password: person.password })
const logIn = (code?: string, password = person.password) =>
  call('POST', '/v1/auth/login', { body: { email: person.email, password, ...(code && { code }) } })
const wrong = { status: 401, code: 'MFA_WRONG' }

/** The code of the time step that is so many steps from now. */
const codeOf = (secret: string, steps = 0) =>
  TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: Date.now() + steps * 30_000 })
const otherThan = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

async function rows(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
}

/** Turns it on by the code before the current one, so that two more can be used within a test. It is good until this step ends. */
async function enrol() {
  const left = 30_000 - (Date.now() % 30_000)
  if (left < 5000) await delay(left)
  const { secret } = (await start()).json()
  const answer = await mfa('POST', '/confirmation', { code: codeOf(secret, -1) })
  return { secret, recoveryCodes: answer.json().recoveryCodes as string[] }
}

describe('setting it up', () => {
  test('answers a seed as URI, text and picture, that nobody may store', async () => {
    const answer = await start()
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    const { otpauthUri, secret, qrCode } = answer.json()
    expect(otpauthUri).toMatch(/^otpauth:\/\/totp\/Seaworthy:/)
    expect(new URL(otpauthUri).searchParams.get('secret')).toBe(secret)
    expect(Buffer.from(qrCode.split(',')[1], 'base64').toString()).toMatch(/^<svg .*<\/svg>$/)
  })

  test('changes nothing until it is confirmed by a code', async () => {
    const { secret } = (await start()).json()
    expect((await logIn()).statusCode).toBe(200)
    expect((await mfa('POST', '/confirmation', { code: otherThan(codeOf(secret)) })).json()).toMatchObject(wrong)
    expect((await logIn()).statusCode).toBe(200)
  })

  test('the confirmation answers ten recovery codes, and is told by mail', async () => {
    const { recoveryCodes } = await enrol()
    expect(new Set(recoveryCodes).size).toBe(10)
    await letters.deliver(app)
    expect(letters.to(person.email)[0]?.subject).toBe('Your second factor is on')
  })

  test('the seed and the recovery codes are kept unreadable', async () => {
    const { secret, recoveryCodes } = await enrol()
    const [kept] = await rows(
      'SELECT (SELECT json_agg(totp) FROM totp)::text || (SELECT json_agg(c) FROM recovery_codes c)::text AS all',
    )
    const seed = Buffer.from(Secret.fromBase32(secret).bytes)
    for (const plain of [secret, seed.toString('hex'), seed.toString('base64url'), ...recoveryCodes])
      expect(kept?.all).not.toContain(plain)
  })

  test('takes the password', async () => {
    const answer = await mfa('POST', '', { password: 'not the password' })
    expect(answer.json()).toMatchObject({ status: 401, code: 'CREDENTIALS_WRONG' })
  })

  test('starting again makes another seed, and the first one is worth nothing', async () => {
    const first = (await start()).json().secret
    const second = (await start()).json().secret
    expect((await mfa('POST', '/confirmation', { code: codeOf(first) })).json()).toMatchObject(wrong)
    expect((await mfa('POST', '/confirmation', { code: codeOf(second) })).statusCode).toBe(200)
  })

  test('where it is on already, it is 409, and where nothing was started, too', async () => {
    expect((await mfa('POST', '/confirmation', { code: '123456' })).json()).toMatchObject({ code: 'MFA_NOT_STARTED' })
    await enrol()
    expect((await start()).json()).toMatchObject({ status: 409, code: 'MFA_ALREADY_ON' })
    expect((await mfa('POST', '/confirmation', { code: '123456' })).json()).toMatchObject({ code: 'MFA_ALREADY_ON' })
  })
})

describe('signing in', () => {
  test('takes a code too, and says so only when the password was right', async () => {
    const { secret } = await enrol()
    expect((await logIn()).json()).toMatchObject({ status: 401, code: 'MFA_REQUIRED' })
    expect((await logIn(undefined, 'not the password')).json()).toMatchObject({ code: 'CREDENTIALS_WRONG' })
    expect((await logIn(otherThan(codeOf(secret)))).json()).toMatchObject(wrong)
    expect((await logIn(codeOf(secret))).statusCode).toBe(200)
  })

  test('a code works once, and no earlier one after it', async () => {
    const { secret } = await enrol()
    const [now, next] = [codeOf(secret), codeOf(secret, 1)]
    expect((await logIn(next)).statusCode).toBe(200)
    expect((await logIn(next)).json()).toMatchObject(wrong)
    expect((await logIn(now)).json()).toMatchObject(wrong)
  })

  test('the code that confirmed the set-up is used', async () => {
    const { secret } = (await start()).json()
    const code = codeOf(secret)
    await mfa('POST', '/confirmation', { code })
    expect((await logIn(code)).json()).toMatchObject(wrong)
  })

  test('of five sign-ins at once with one code, one succeeds', async () => {
    const { secret } = await enrol()
    const code = codeOf(secret)
    const answers = await Promise.all(Array.from({ length: 5 }, () => logIn(code)))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 401, 401, 401, 401])
  })

  test('a code of two steps ago is wrong', async () => {
    const { secret } = await enrol()
    expect((await logIn(codeOf(secret, -2))).json()).toMatchObject(wrong)
  })

  test('a recovery code stands in once, as people type it', async () => {
    const { recoveryCodes } = await enrol()
    const [code = ''] = recoveryCodes
    expect((await logIn(code.toUpperCase().replaceAll('-', ' '))).statusCode).toBe(200)
    expect((await logIn(code)).json()).toMatchObject(wrong)
    expect(lines.find(({ security }) => security === 'mfa.recovery-code-used')).toBeDefined()
  })

  test('a magic link takes a code too, and stays good until it is right', async () => {
    const { secret } = await enrol()
    await call('POST', '/v1/auth/magic-links', { body: { email: person.email } })
    await letters.deliver(app)
    const token = letters.tokenOf(person.email, 'Your link to sign in')
    const redeem = (code?: string) =>
      call('POST', '/v1/auth/magic-links/redemption', { body: { token, ...(code && { code }) } })
    expect((await redeem()).json()).toMatchObject({ code: 'MFA_REQUIRED' })
    expect((await redeem(otherThan(codeOf(secret)))).json()).toMatchObject(wrong)
    expect((await redeem(codeOf(secret))).statusCode).toBe(200)
  })

  test('guessing codes is slowed down, however often the password is right', async () => {
    const { secret } = await enrol()
    const answers = []
    for (let i = 0; i < 7; i++) answers.push(await logIn(otherThan(codeOf(secret))))
    expect(answers.at(-1)?.json()).toMatchObject({ status: 429, code: 'SIGN_IN_DELAYED' })
    expect((await logIn(codeOf(secret))).statusCode).toBe(429)
  })

  test('a seed that was moved to another’s row lets nobody in', async () => {
    const { secret } = await enrol()
    const thief = person
    person = await signUp('client')
    await enrol()
    await rows(
      'UPDATE totp SET sealed_seed = (SELECT sealed_seed FROM totp WHERE user_id = $1) WHERE user_id = $2',
      thief.id,
      person.id,
    )
    expect((await logIn(codeOf(secret))).statusCode).toBe(500)
  })
})

describe('when it is on', () => {
  test('new recovery codes make the old ones worthless', async () => {
    const { secret, recoveryCodes: old } = await enrol()
    const answer = await mfa('POST', '/recovery-codes', { code: codeOf(secret) })
    expect((await logIn(old[0])).json()).toMatchObject(wrong)
    expect((await logIn(answer.json().recoveryCodes[0])).statusCode).toBe(200)
  })

  test('it is turned off by a code, and told by mail', async () => {
    const { secret } = await enrol()
    expect((await mfa('DELETE', '', { code: otherThan(codeOf(secret)) })).json()).toMatchObject(wrong)
    expect((await mfa('DELETE', '', { code: codeOf(secret) })).statusCode).toBe(204)
    expect((await logIn()).statusCode).toBe(200)
    expect((await mfa('DELETE', '', { code: codeOf(secret) })).json()).toMatchObject({ code: 'MFA_NOT_ON' })
    await letters.deliver(app)
    expect(letters.to(person.email)[0]?.subject).toBe('Your second factor is off')
  })

  test('another address takes a code, not the password', async () => {
    const { secret } = await enrol()
    const ask = (proof: object) =>
      call('POST', '/v1/me/email-changes', { as: person, body: { email: `new-${person.email}`, ...proof } })
    expect((await ask({ password: person.password })).json()).toMatchObject({ status: 401, code: 'MFA_REQUIRED' })
    expect((await ask({ code: codeOf(secret) })).statusCode).toBe(202)
    expect((await ask({ code: codeOf(secret) })).json()).toMatchObject(wrong)
  })

  test('a repeated call under one key uses one code', async () => {
    const { secret } = await enrol()
    const body = { email: `new-${person.email}`, code: codeOf(secret) }
    const ask = () =>
      call('POST', '/v1/me/email-changes', { as: person, body, headers: { 'idempotency-key': `key-${person.id}` } })
    expect([(await ask()).statusCode, (await ask()).statusCode]).toEqual([202, 202])
  })
})
