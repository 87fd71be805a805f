// SEC-11: whom an admin blocks is out, on every replica and by every way in, within seconds.
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'

type Tokens = { accessToken: string; refreshToken: string }
const told = ({ status, text }: Answer) => `${status} ${text.slice(0, 200)}`

/** Milliseconds that a block may take to be felt everywhere. */
const most = 5000

export async function blockedEverywhere(context: Context): Promise<Evidence> {
  const { api, apiAt, startApi, until, logs, sql } = context
  const replicas = [api, apiAt((await startApi()).url)]
  const [admin, person] = await Promise.all([api.as('admin'), api.as('client')])
  const tokens = (await signIn(api.anonymous, person)).json<Tokens>()
  const cookie = await cookieOf(api.anonymous, person)
  const asked = () =>
    Promise.all(
      replicas.flatMap(({ anonymous, withToken }) => [
        withToken(tokens.accessToken)('GET', '/v1/me'),
        anonymous('GET', '/v1/me', { headers: { cookie } }),
      ]),
    )
  const before = await asked()
  if (before.some(({ status }) => status !== 200)) red('cannot-set-up', before.map(told).join())

  const began = performance.now()
  const blocked = await admin.call('PUT', `/v1/admin/users/${person.id}/block`, { body: { reason: 'A probe' } })
  if (blocked.status !== 200) red('cannot-block', told(blocked))
  await until('access-lives-on', async () => (await asked()).every(({ status }) => status === 401), { within: most })
  const outAfter = Math.round(performance.now() - began)

  for (const { anonymous } of replicas) {
    const renewed = await anonymous('POST', '/v1/auth/refresh', { body: { refreshToken: tokens.refreshToken } })
    if (renewed.status !== 401) red('refresh-taken', told(renewed))
    const right = await signIn(anonymous, person)
    if (right.status !== 403 || right.json().code !== 'ACCOUNT_BLOCKED') red('sign-in-taken', told(right))
    // Who does not know the password learns nothing of the block.
    const wrong = await signIn(anonymous, { ...person, password: `not ${person.password}` })
    if (wrong.json().code !== 'CREDENTIALS_WRONG') red('told-to-strangers', told(wrong))
  }
  const isEvent = (line: Record<string, unknown>) => line.security === 'user.blocked' && line.userId === person.id
  await until('not-recorded', () => logs.lines().some(isEvent))
  const rows = await sql.owner("SELECT FROM audit_log WHERE action = 'user.blocked' AND object_id = $1", [person.id])
  if (rows.length !== 1) red('not-audited', `${rows.length} rows`)

  const released = await admin.call('DELETE', `/v1/admin/users/${person.id}/block`)
  if (released.status !== 200) red('cannot-unblock', told(released))
  for (const { anonymous, withToken } of replicas) {
    const again = await signIn(anonymous, person)
    if (again.status !== 200) red('still-blocked', told(again))
    const seen = await withToken(again.json<Tokens>().accessToken)('GET', '/v1/me')
    if (seen.status !== 200) red('still-blocked', told(seen))
  }
  if ((await asked()).some(({ status }) => status !== 401)) red('old-access-revived')
  return { replicas: replicas.length, outAfterMs: outAfter, refresh: 401, signIn: 403, afterUnblocking: 200 }
}

const signIn = (call: Call, { email, password }: Pick<Person, 'email' | 'password'>) =>
  call('POST', '/v1/auth/login', { body: { email, password } })

/** The access cookie of a browser. */
async function cookieOf(call: Call, { email, password }: Person): Promise<string> {
  const answer = await call('POST', '/v1/auth/login', { body: { email, password, mode: 'cookie' } })
  const field = answer.fields('set-cookie').find((text) => text.startsWith('__Host-access='))
  return field?.split(';')[0] ?? red('cannot-set-up', told(answer))
}
