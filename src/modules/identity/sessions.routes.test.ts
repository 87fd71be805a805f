import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'

const { call, signUp, database, services, lines } = await buildTestApp()

const query = (text: string, values: unknown[] = []) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)

type SignedIn = { accessToken: string; refreshToken: string; expiresIn: number }

async function signIn(): Promise<SignedIn & { person: Person }> {
  const person = await signUp('worker')
  const { email, password } = person
  const answer = await call('POST', '/v1/auth/login', { body: { email, password } })
  expect(answer.statusCode).toBe(200)
  return { ...answer.json<SignedIn>(), person }
}
const refresh = (refreshToken: string) => call('POST', '/v1/auth/refresh', { body: { refreshToken } })
const renewed = async (token: string) => (await refresh(token)).json<SignedIn>().refreshToken
const me = (token: string) => call('GET', '/v1/me', { as: { token } })
const actions = async (person: Person) =>
  (await query('SELECT action FROM audit_log WHERE actor_id = $1 ORDER BY id', [person.id])).map(({ action }) => action)

describe('renewing', () => {
  test('a refresh token is traded for a new one and a new access token, and nobody may store the answer', async () => {
    const { refreshToken, accessToken, person } = await signIn()
    const answer = await refresh(refreshToken)
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    const fresh = answer.json<SignedIn>()
    expect(fresh.refreshToken).not.toBe(refreshToken)
    expect((await me(fresh.accessToken)).statusCode).toBe(200)
    expect((await me(accessToken)).statusCode).toBe(200)
    expect(await actions(person)).toEqual(['user.registered', 'session.started', 'session.renewed'])
  })

  test('what was used before, and is not forgiven, ends the session, the newest tokens included', async () => {
    const { refreshToken, person } = await signIn()
    const second = await renewed(refreshToken)
    const third = (await refresh(second)).json<SignedIn>()
    expect((await refresh(refreshToken)).json()).toMatchObject({ status: 401, code: 'REFRESH_REFUSED' })
    expect((await refresh(third.refreshToken)).statusCode).toBe(401)
    expect((await me(third.accessToken)).statusCode).toBe(401)
    expect((await actions(person)).at(-1)).toBe('session.ended')
    expect(lines).toContainEqual(expect.objectContaining({ security: 'refresh.reused', actorId: person.id }))
  })

  test('once, soon, and while what it brought is unused, a second use is forgiven: that is void instead', async () => {
    const { refreshToken } = await signIn()
    const lost = await renewed(refreshToken)
    const again = await refresh(refreshToken)
    expect(again.statusCode).toBe(200)
    // Who holds the lost one is found out, and takes the session down.
    expect((await refresh(lost)).statusCode).toBe(401)
    expect((await refresh(again.json<SignedIn>().refreshToken)).statusCode).toBe(401)
  })

  test('it is forgiven once only', async () => {
    const { refreshToken } = await signIn()
    await renewed(refreshToken)
    const again = await renewed(refreshToken)
    expect((await refresh(refreshToken)).statusCode).toBe(401)
    expect((await refresh(again)).statusCode).toBe(401)
  })

  test('it is not forgiven later than 10 seconds after', async () => {
    const { refreshToken } = await signIn()
    const next = await renewed(refreshToken)
    await query(`UPDATE refresh_tokens SET used_at = used_at - interval '11 s' WHERE used_at IS NOT NULL`)
    expect((await refresh(refreshToken)).statusCode).toBe(401)
    expect((await refresh(next)).statusCode).toBe(401)
  })

  test.each([2, 5])('of %i uses at once exactly one token is good in the end, or none', async (times) => {
    const { refreshToken } = await signIn()
    const answers = await Promise.all(Array.from({ length: times }, () => refresh(refreshToken)))
    const fresh = answers.filter(({ statusCode }) => statusCode === 200).map((answer) => answer.json().refreshToken)
    expect(fresh.length).toBe(2)
    const [row] = await query(
      `SELECT count(*)::int AS open FROM refresh_tokens JOIN sessions ON sessions.id = session_id
       WHERE used_at IS NULL AND ended_at IS NULL
         AND session_id = (SELECT session_id FROM refresh_tokens WHERE hash = $1)`,
      [createHash('sha256').update(refreshToken).digest()],
    )
    expect(row.open).toBe(times === 2 ? 1 : 0)
  })

  test.each([
    ['a token that nobody has', 'A'.repeat(43), 401],
    ['a token that is too short', 'A'.repeat(42), 400],
    ['a token of other letters', '!'.repeat(43), 400],
  ])('%s is %s: %i', async (_, token, status) => {
    expect((await refresh(token)).statusCode).toBe(status)
  })

  test('without a token it is refused', async () => {
    expect((await call('POST', '/v1/auth/refresh', { body: {} })).statusCode).toBe(401)
  })

  test.each([
    ['two weeks without use', `last_used_at = now() - interval '14 days 1 minute'`],
    ['90 days, however much it was used', `created_at = now() - interval '90 days 1 minute'`],
  ])('%s end a session', async (_, change) => {
    const { refreshToken, accessToken } = await signIn()
    await query(`UPDATE sessions SET ${change}`)
    expect((await refresh(refreshToken)).statusCode).toBe(401)
    expect((await me(accessToken)).statusCode).toBe(401)
  })

  test('who is blocked gets no new session and renews none', async () => {
    const { refreshToken, person } = await signIn()
    await query('UPDATE users SET blocked_at = now() WHERE id = $1', [person.id])
    expect((await refresh(refreshToken)).statusCode).toBe(401)
    const { email, password } = person
    const answer = await call('POST', '/v1/auth/login', { body: { email, password } })
    expect(answer.json()).toMatchObject({ status: 403, code: 'ACCOUNT_BLOCKED' })
  })
})

describe("one's sessions", () => {
  test('are listed, the newest first, and say which one asks', async () => {
    const { person, accessToken } = await signIn()
    const { email, password } = person
    const headers = { 'user-agent': 'a tablet' }
    await call('POST', '/v1/auth/login', { body: { email, password }, headers })
    const answer = await call('GET', '/v1/me/sessions', { as: { token: accessToken } })
    expect(answer.json().data).toMatchObject([
      { userAgent: 'a tablet', isCurrent: false },
      { userAgent: 'lightMyRequest', isCurrent: true },
    ])
    const first = await call('GET', '/v1/me/sessions?limit=1', { as: { token: accessToken } })
    const rest = await call('GET', `/v1/me/sessions?limit=1&cursor=${first.json().page.next}`, {
      as: { token: accessToken },
    })
    expect([...first.json().data, ...rest.json().data]).toEqual(answer.json().data)
  })

  test('one can be ended: its tokens are refused at once', async () => {
    const { person, accessToken, refreshToken } = await signIn()
    const { data } = (await call('GET', '/v1/me/sessions', { as: person })).json()
    const answer = await call('DELETE', `/v1/me/sessions/${data[0].id}`, { as: person })
    expect([answer.statusCode, answer.body]).toEqual([204, ''])
    expect((await me(accessToken)).json()).toMatchObject({ status: 401, code: 'TOKEN_INVALID' })
    expect((await refresh(refreshToken)).statusCode).toBe(401)
    expect((await call('DELETE', `/v1/me/sessions/${data[0].id}`, { as: person })).statusCode).toBe(404)
  })

  test('those of another are not there', async () => {
    const mine = await signIn()
    const { data } = (await call('GET', '/v1/me/sessions', { as: { token: mine.accessToken } })).json()
    const other = await signUp('worker')
    expect((await call('DELETE', `/v1/me/sessions/${data[0].id}`, { as: other })).statusCode).toBe(404)
    expect((await call('DELETE', `/v1/me/sessions/${randomUUID()}`, { as: other })).statusCode).toBe(404)
    expect((await me(mine.accessToken)).statusCode).toBe(200)
  })

  test('all others can be ended', async () => {
    const { person, accessToken, refreshToken } = await signIn()
    const { email, password } = person
    const second = (await call('POST', '/v1/auth/login', { body: { email, password } })).json<SignedIn>()
    const answer = await call('DELETE', '/v1/me/sessions', { as: { token: second.accessToken } })
    expect(answer.statusCode).toBe(204)
    await services.sessions.refresh()
    expect([(await me(accessToken)).statusCode, (await me(second.accessToken)).statusCode]).toEqual([401, 200])
    expect([(await refresh(refreshToken)).statusCode, (await refresh(second.refreshToken)).statusCode]).toEqual([
      401, 200,
    ])
  })

  test('signing out ends the one that asks', async () => {
    const { accessToken, refreshToken } = await signIn()
    expect((await call('POST', '/v1/auth/logout', { as: { token: accessToken } })).statusCode).toBe(204)
    expect((await me(accessToken)).statusCode).toBe(401)
    expect((await refresh(refreshToken)).statusCode).toBe(401)
  })

  test('what ended long ago is removed, with its tokens', async () => {
    const { person, accessToken } = await signIn()
    await call('POST', '/v1/auth/logout', { as: { token: accessToken } })
    await query(`UPDATE sessions SET ended_at = now() - interval '31 days' WHERE user_id = $1`, [person.id])
    expect(await services.sessions.purge(30)).toBeGreaterThan(0)
    expect(await query('SELECT 1 FROM sessions WHERE user_id = $1', [person.id])).toEqual([])
  })
})
