// SEC-02 to SEC-05: one session as a bearer of tokens and as a browser, what renews it, and what ends it.
import { createHash } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'

type SignedIn = { accessToken: string; refreshToken: string; csrfToken: string; expiresIn: number }
type Browser = { call: Call; cookies: Map<string, string>; fields: string[]; csrfToken: string }

const told = ({ status, text }: Answer) => `${status} ${text.slice(0, 200)}`
const hidden = ['__Host-access', '__Host-refresh']

/** SEC-02: the same token in a header, and in a cookie that no script and no other site has. */
export async function tokensComeBothWays({ api, newcomer }: Context): Promise<Evidence> {
  const person = await api.as('client')
  const bearer = await signIn(api.anonymous, person)
  if (!bearer.accessToken || !bearer.refreshToken) red('no-tokens-in-body')
  const byHeader = await api.withToken(bearer.accessToken)('GET', '/v1/me')
  if (byHeader.status !== 200) red('bearer-refused', told(byHeader))

  const browser = await open(newcomer().call, person)
  for (const field of browser.fields) {
    const name = field.split('=', 1)[0] ?? ''
    const asked = ['Path=/', 'Secure', 'SameSite=Strict', ...(hidden.includes(name) ? ['HttpOnly'] : [])]
    const missing = asked.filter((flag) => !field.split('; ').includes(flag))
    if (missing.length > 0 || /Domain=/i.test(field)) red('cookie-open', `${name}: ${missing}`)
  }
  if (hidden.some((name) => !browser.cookies.has(name))) red('no-cookies', browser.fields.length.toString())
  const token = browser.cookies.get('__Host-access') ?? ''
  const cookie = `__Host-access=${token}`
  const byCookie = await api.anonymous('GET', '/v1/me', { headers: { cookie } })
  if (byCookie.status !== 200) red('cookie-ignored', told(byCookie))
  const asBearer = await api.withToken(token)('GET', '/v1/me')
  if (asBearer.text !== byCookie.text) red('another-answer', told(asBearer))
  const tampered = await api.anonymous('GET', '/v1/me', { headers: { cookie: `${cookie.slice(0, -2)}AA` } })
  if (tampered.status !== 401) red('bad-cookie-taken', told(tampered))
  return { cookies: [...browser.cookies.keys()], bearer: byHeader.status, cookie: byCookie.status, tampered: 401 }
}

/** SEC-03: what a cookie allows needs a page of ours and the token of the session, what a bearer token allows does not. */
export async function cookiesNeedProof({ api, newcomer, env, sql }: Context): Promise<Evidence> {
  const person = await api.as('client')
  const browser = await open(newcomer().call, person)
  const other = await open(newcomer().call, await api.as('client'))
  const origin = new URL(env.PUBLIC_URL ?? '').origin
  const good = { origin, 'x-csrf-token': browser.csrfToken }
  const bad: Record<string, Record<string, string>> = {
    'no-proof': {},
    'no-token': { origin },
    'token-of-another': { origin, 'x-csrf-token': other.csrfToken },
    'no-origin': { 'x-csrf-token': browser.csrfToken },
    'other-origin': { ...good, origin: 'https://evil.example' },
    'null-origin': { ...good, origin: 'null' },
  }
  const write = (headers: Record<string, string>) =>
    browser.call('PATCH', '/v1/me', { body: { name: 'Forged' }, headers: { 'if-match': '*', ...headers } })
  const renew = (headers: Record<string, string>) => browser.call('POST', '/v1/auth/refresh', { body: {}, headers })
  for (const [name, headers] of Object.entries(bad)) {
    for (const [what, send] of Object.entries({ write, renew })) {
      const { status } = await send(headers)
      if (status !== 403) red('forged-write-taken', `${what}, ${name}: ${status}`)
    }
  }
  // Whoever can plant a cookie, plants the token of a session of their own.
  browser.cookies.set('__Host-csrf', other.csrfToken)
  const planted = await write({ origin, 'x-csrf-token': other.csrfToken })
  if (planted.status !== 403) red('forged-write-taken', `cookie and token of another: ${planted.status}`)
  browser.cookies.set('__Host-csrf', browser.csrfToken)
  const [row] = await sql.owner<{ name: string }>('SELECT name FROM users WHERE id = $1', [person.id])
  if (row?.name === 'Forged') red('forged-write-taken', 'the row changed')
  const read = await browser.call('GET', '/v1/me')
  if (read.status !== 200) red('read-refused', told(read))
  for (const send of [write, renew]) {
    const answer = await send(good)
    if (answer.status !== 200) red('good-write-refused', told(answer))
  }
  const bearer = await person.call('PATCH', '/v1/me', { body: { name: 'Cleo' }, headers: { 'if-match': '*' } })
  if (bearer.status !== 200) red('bearer-needs-proof', told(bearer))
  return {
    forgeries: [...Object.keys(bad), 'planted-cookie'],
    refusedWith: 403,
    withProof: 200,
    bearerWithoutProof: 200,
  }
}

/** SEC-04: a refresh token works once. */
export async function refreshTokensWorkOnce(context: Context): Promise<Evidence> {
  const { api, logs, until } = context
  const person = await api.as('worker')
  const first = await signIn(api.anonymous, person)
  const second = await renew(api.anonymous, first.refreshToken)
  const third = await renew(api.anonymous, second.refreshToken)
  // The first comes again although what it brought was used: someone has a copy.
  await isRefused(api.anonymous, first.refreshToken, 'reuse-taken')
  await isRefused(api.anonymous, third.refreshToken, 'family-lives-on')
  const access = await api.withToken(third.accessToken)('GET', '/v1/me')
  if (access.status !== 401) red('family-lives-on', `its access token: ${access.status}`)
  await until('not-recorded', () =>
    logs.lines().some(({ security, actorId }) => security === 'refresh.reused' && actorId === person.id),
  )
  return { ...(await oneIsForgiven(context)), ...(await twoAtOnce(context)), reuse: 'ends the session' }
}

/** Within the grace the second use kills what the first one brought, once. */
async function oneIsForgiven({ api, sql }: Context): Promise<Evidence> {
  const person = await api.as('worker')
  const lost = await signIn(api.anonymous, person)
  const unseen = await renew(api.anonymous, lost.refreshToken)
  const again = await send(api.anonymous, lost.refreshToken)
  if (again.status !== 200) red('not-forgiven', told(again))
  await isRefused(api.anonymous, unseen.refreshToken, 'successor-lives-on')

  const twice = await signIn(api.anonymous, person)
  await renew(api.anonymous, twice.refreshToken)
  await renew(api.anonymous, twice.refreshToken)
  await isRefused(api.anonymous, twice.refreshToken, 'forgiven-twice')

  const late = await signIn(api.anonymous, person)
  await renew(api.anonymous, late.refreshToken)
  await sql.owner(
    `UPDATE refresh_tokens SET used_at = used_at - interval '11 s'
     FROM sessions WHERE sessions.id = session_id AND user_id = $1 AND used_at IS NOT NULL`,
    [person.id],
  )
  await isRefused(api.anonymous, late.refreshToken, 'forgiven-late')
  return { forgiven: 'once, within 10 s, and the successor is void' }
}

/** Of two calls at once with one token, one is good in the end. */
async function twoAtOnce({ api, sql }: Context): Promise<Evidence> {
  const person = await api.as('worker')
  const { refreshToken } = await signIn(api.anonymous, person)
  let token = refreshToken
  for (const _ of [1, 2, 3]) {
    const answers = await Promise.all([1, 2].map(() => send(api.anonymous, token)))
    const good = await sql.owner<{ hash: string }>(
      `SELECT encode(hash, 'hex') AS hash FROM refresh_tokens JOIN sessions ON sessions.id = session_id
       WHERE user_id = $1 AND used_at IS NULL AND ended_at IS NULL
         AND session_id = (SELECT session_id FROM refresh_tokens WHERE hash = sha256($2::text::bytea))`,
      [person.id, refreshToken],
    )
    if (good.length !== 1) red('several-winners', `${good.length} tokens are good`)
    const fresh = answers.map((answer) => String(answer.json().refreshToken))
    token = fresh.find((one) => createHash('sha256').update(one).digest('hex') === good[0]?.hash) ?? ''
  }
  return { goodAfterTwoAtOnce: 1 }
}

/** SEC-05: each of the two times ends a session by itself. */
export async function sessionsEnd({ api, sql }: Context): Promise<Evidence> {
  const person = await api.as('worker')
  const age = async (idleDays: number, days: number) => {
    const session = await signIn(api.anonymous, person)
    await sql.owner(
      `UPDATE sessions SET last_used_at = now() - make_interval(hours => $2), created_at = now() - make_interval(hours => $3)
       WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = sha256($1::text::bytea))`,
      [session.refreshToken, idleDays, days],
    )
    return session
  }
  const [idle, over] = [14 * 24, 90 * 24]
  await renew(api.anonymous, (await age(idle - 1, over - 1)).refreshToken, 'ended-too-soon')
  const cases = { 'idle-goes-on': await age(idle + 1, idle + 1), 'absolute-goes-on': await age(0, over + 1) }
  for (const [reason, session] of Object.entries(cases)) {
    await isRefused(api.anonymous, session.refreshToken, reason)
    const { status } = await api.withToken(session.accessToken)('GET', '/v1/me')
    if (status !== 401) red(reason, `its access token: ${status}`)
  }
  return { renewedUntil: '14 days of rest, 90 days in all', refusedAfter: 401 }
}

async function signIn(call: Call, { email, password }: Person, mode = 'bearer'): Promise<SignedIn> {
  const answer = await call('POST', '/v1/auth/login', { body: { email, password, mode } })
  if (answer.status !== 200) red('cannot-sign-in', told(answer))
  if (answer.field('cache-control') !== 'no-store') red('tokens-may-be-stored')
  return answer.json<SignedIn>()
}

const send = (call: Call, refreshToken: string) => call('POST', '/v1/auth/refresh', { body: { refreshToken } })

async function renew(call: Call, refreshToken: string, reason = 'cannot-renew'): Promise<SignedIn> {
  const answer = await send(call, refreshToken)
  if (answer.status !== 200) red(reason, told(answer))
  return answer.json<SignedIn>()
}

async function isRefused(call: Call, refreshToken: string, reason: string): Promise<void> {
  const answer = await send(call, refreshToken)
  if (answer.status !== 401) red(reason, told(answer))
}

/** Signs in as a browser does, and keeps its cookies. */
async function open(call: Call, { email, password }: Person): Promise<Browser> {
  const cookies = new Map<string, string>()
  const fields: string[] = []
  const withCookies: Call = async (method, path, options = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await call(method, path, { ...options, headers: { ...options.headers, ...(cookie && { cookie }) } })
    for (const field of answer.fields('set-cookie')) {
      const [name = '', value = ''] = (field.split(';', 1)[0] ?? '').split('=')
      cookies.set(name, value)
      fields.push(field)
    }
    return answer
  }
  const signedIn = await withCookies('POST', '/v1/auth/login', { body: { email, password, mode: 'cookie' } })
  if (signedIn.status !== 200) red('cannot-sign-in', told(signedIn))
  const { accessToken, refreshToken, csrfToken } = signedIn.json<SignedIn>()
  if (accessToken || refreshToken) red('tokens-in-body')
  return { call: withCookies, cookies, fields: [...fields], csrfToken }
}
