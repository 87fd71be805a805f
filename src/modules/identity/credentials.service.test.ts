import { describe, expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { createMetrics } from '../../lib/metrics.ts'
import { createPasswords } from '../../lib/passwords.ts'

const { call, signUp, lines, db } = await buildTestApp()
const wrong = 'not the password'
const logIn = (email: string, password = wrong) => call('POST', '/v1/auth/login', { body: { email, password } })
async function fail(email: string, times = 5) {
  for (let n = 0; n < times; n++) await logIn(email)
}

describe('after five failures from one address', () => {
  test('the next try waits, whether the account exists and the password is right or not', async () => {
    const { email, password } = await signUp('worker')
    const answers = []
    for (const name of [email, 'unknown@example.com']) {
      await fail(name)
      for (const text of [wrong, password]) {
        const { requestId: _, detail, ...answer } = (await logIn(name, text)).json()
        expect(detail).toMatch(/^Too many sign-ins failed: try again in (29|30) s$/)
        answers.push(answer)
      }
    }
    expect(answers[0]).toMatchObject({ status: 429, code: 'SIGN_IN_DELAYED' })
    expect(answers).toEqual(Array(4).fill(answers[0]))
  })

  test('Retry-After says when, and others are not delayed', async () => {
    const [one, other] = [await signUp('worker'), await signUp('worker')]
    await fail(one.email)
    expect(Number((await logIn(one.email)).headers['retry-after'])).toBeGreaterThan(20)
    expect((await logIn(other.email, other.password)).statusCode).toBe(200)
  })

  test('the security log has it, and the owner is told once', async () => {
    const { email, id } = await signUp('worker')
    lines.length = 0
    await fail(email, 7)
    const events = lines.flatMap(({ security, userId }) => (security ? [`${security} ${userId === id}`] : []))
    expect(events).toEqual([
      ...Array(5).fill('sign-in.failed true'),
      'account.locked true',
      ...Array(2).fill('sign-in.delayed false'),
    ])
    const letters = async () =>
      (
        await db.execute<{ n: number }>(
          `SELECT count(*)::int AS n FROM outbox WHERE payload->>'letter' = 'locked-out' AND payload->>'userId' = '${id}'`,
        )
      ).rows[0]?.n
    await expect.poll(letters).toBe(1)
  })
})

test('of a hundred guesses at once five are looked at', async () => {
  const { email } = await signUp('worker')
  const answers = await Promise.all(Array.from({ length: 100 }, () => logIn(email)))
  const statuses = answers.map(({ statusCode }) => statusCode)
  expect(statuses.filter((status) => status !== 429)).toEqual(Array(5).fill(401))
})

test('a success clears the failures before it', async () => {
  const { email, password } = await signUp('worker')
  for (let round = 0; round < 3; round++) {
    await fail(email, 4)
    expect((await logIn(email, password)).statusCode).toBe(200)
  }
})

test('a hash of weaker parameters is renewed when its owner signs in, and fits again', async () => {
  const { email, password, id } = await signUp('worker')
  const weaker = await createPasswords({ memoryCost: 8192, timeCost: 1, atOnce: 1, metrics: createMetrics() }).hash(
    password,
  )
  await db.execute(`UPDATE users SET password_hash = '${weaker}' WHERE id = '${id}'`)
  await logIn(email)
  const hash = async () =>
    (await db.execute<{ hash: string }>(`SELECT password_hash AS hash FROM users WHERE id = '${id}'`)).rows[0]?.hash
  expect(await hash()).toBe(weaker)
  expect((await logIn(email, password)).statusCode).toBe(200)
  expect(await hash()).toContain('$m=19456,t=2,p=1$')
  expect((await logIn(email, password)).statusCode).toBe(200)
})

describe('a sign-in', () => {
  const from = async (person: { email: string; password: string }, userAgent: string) => {
    const body = { email: person.email, password: person.password }
    return (await call('POST', '/v1/auth/login', { body, headers: { 'user-agent': userAgent } })).statusCode
  }
  const letters = async (id: string) =>
    (
      await db.execute<{ n: number }>(
        `SELECT count(*)::int AS n FROM outbox WHERE payload->>'letter' = 'new-device' AND payload->>'userId' = '${id}'`,
      )
    ).rows[0]?.n

  test('from a new kind of client is told to the owner, and the first one and updates are not', async () => {
    const person = await signUp('worker')
    expect([await from(person, 'Browser/1.0 (Tin)'), await from(person, 'Browser/2.1 (Tin)')]).toEqual([200, 200])
    expect(await letters(person.id)).toBe(0)
    expect(await from(person, 'Phone/1.0')).toBe(200)
    expect(await letters(person.id)).toBe(1)
    expect(await from(person, 'Phone/1.1')).toBe(200)
    expect(await letters(person.id)).toBe(1)
  })
})

test('a common password can not be chosen, and is not told back', async () => {
  const body = { email: 'new@example.com', password: 'iloveyou1234', name: 'New', role: 'client' }
  const answer = await call('POST', '/v1/auth/register', { body })
  expect(answer.json()).toMatchObject({ status: 400, code: 'PASSWORD_COMMON', errors: [{ path: '/body/password' }] })
  expect(answer.body).not.toContain('iloveyou')
})
