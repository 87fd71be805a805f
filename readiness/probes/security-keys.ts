// SEC-06: the keys of access tokens as others see them, their change on a running service, and tokens of another issuer.
import { createPrivateKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { type Issuer, inSeconds, newSigningKey, openIssuer, type Signed, signed } from './tokens-scene.ts'

type Api = ReturnType<Context['apiAt']>
/** Short, so that a key that goes has not to be waited for. */
const times = { SECRETS_REFRESH_MS: '150', TOKEN_LIFETIME_MS: '2000' }
const audience = 'seaworthy-probe'

export async function keysRotateAndAreShared(context: Context): Promise<Evidence> {
  const file = join(context.folder(), 'signing-key.pem')
  const first = newSigningKey()
  writeFileSync(file, first, { mode: 0o600 })
  const issuer = await openIssuer(audience)
  try {
    const settings = { TOKEN_SIGNING_KEY: '', TOKEN_SIGNING_KEY_FILE: file, ...times, ...issuer.env }
    const door = await context.startApi(settings)
    const api = context.apiAt(door.url)
    const rotation = await rotate(context, api, file, first)
    const external = await takesTheOther(context, api, issuer)
    return { ...rotation, ...external, restarts: door.lines().filter(({ msg }) => msg === 'stopping').length }
  } finally {
    issuer.close()
  }
}

async function rotate(context: Context, api: Api, file: string, first: string) {
  const person = await api.as('client')
  const before = await published(api)
  // These tokens are short-lived, and a busy machine is slow.
  await jwtVerify(person.token, createLocalJWKSet(before), { clockTolerance: 60 }).catch((error: Error) =>
    red('not-verifiable', error.message),
  )
  // Of the first key and for long, so that only the end of that key can end it.
  const old = await longLived(person.token, first)
  await status(api, old, 200, 'old-token-refused')

  const keys = (...words: string[]) => context.finish(['src/keys.ts', ...words, file], times)
  const rotated = await keys('rotate')
  if (rotated.code !== 0) red('cannot-rotate', rotated.said)
  const both = await context.until('new-key-not-published', async () => {
    const now = await published(api)
    return namesOf(now).some((name) => !namesOf(before).includes(name)) && now
  })
  if (!namesOf(before).every((name) => namesOf(both).includes(name))) red('old-key-not-published')
  const [newest] = namesOf(both)
  const young = await context.until('new-key-does-not-sign', async () => {
    const token = await signIn(api, person)
    return decodeProtectedHeader(token).kid === newest && token
  })
  await status(api, young, 200, 'new-token-refused')
  await status(api, old, 200, 'old-token-refused')

  const early = await context.finish(['src/keys.ts', 'retire', file], { ...times, TOKEN_LIFETIME_MS: '600000' })
  if (early.code === 0 || readFileSync(file, 'utf8').split('-----BEGIN').length !== 3) red('retired-too-early')
  await context.until('cannot-retire', async () => (await keys('retire')).code === 0)
  await context.until('retired-key-still-published', async () => namesOf(await published(api)).length === 1)
  await status(api, old, 401, 'retired-key-still-good')
  await status(api, await signIn(api, person), 200, 'new-token-refused')
  return { published: [before, both].map(({ keys: { length } }) => length), retiredTooEarly: 'refused', retired: '401' }
}

/** The JWK set, held to what it may hold and to how long it may be kept. */
async function published(api: Api): Promise<JSONWebKeySet> {
  const answer = await api.anonymous('GET', '/.well-known/jwks.json')
  if (answer.status !== 200) red('no-keys-published', `${answer.status}`)
  const [, seconds = '86400'] = /max-age=(\d+)/.exec(answer.field('cache-control') ?? '') ?? []
  if (Number(seconds) > 300) red('keys-kept-too-long', answer.field('cache-control'))
  const set = answer.json<JSONWebKeySet>()
  for (const key of set.keys) {
    if ('d' in key || 'k' in key) red('private-key-published')
    if (!key.kid || key.alg !== 'EdDSA' || key.use !== 'sig') red('key-without-its-use', Object.keys(key).join())
  }
  return set
}

const namesOf = ({ keys }: JSONWebKeySet) => keys.map(({ kid }) => String(kid))

function longLived(token: string, pem: string): Promise<string> {
  const header = decodeProtectedHeader(token) as Signed['header']
  return signed({ header, claims: { ...decodeJwt(token), exp: inSeconds(3600) } }, createPrivateKey(pem))
}

async function signIn(api: Api, { email, password }: Person): Promise<string> {
  const answer = await api.anonymous('POST', '/v1/auth/login', { body: { email, password } })
  return answer.json<{ accessToken?: string }>().accessToken ?? red('cannot-sign-in', answer.text.slice(0, 200))
}

async function status(api: Api, token: string, expected: number, reason: string) {
  const answer = await api.withToken(token)('GET', '/v1/me')
  if (answer.status !== expected) red(reason, `${answer.status}`)
  return answer
}

async function takesTheOther({ sql, until }: Context, api: Api, issuer: Issuer) {
  const { id } = await api.as('worker')
  const sub = `them|${id}`
  await sql.owner('INSERT INTO external_identities (issuer, subject, user_id) VALUES ($1, $2, $3)', [
    issuer.url,
    sub,
    id,
  ])
  const good = await issuer.token({ sub })
  const me = await status(api, good, 200, 'external-token-refused')
  if (me.json().id !== id) red('external-token-is-someone-else')
  const bad: [string, string][] = [
    ['unlinked-subject-taken', await issuer.token({ sub: 'nobody' })],
    ['external-audience-not-checked', await issuer.token({ sub, aud: 'someone-else' })],
    ['external-end-not-checked', await issuer.token({ sub, exp: inSeconds(-10) })],
    ['external-key-not-checked', await (await openedElsewhere(issuer)).token({ sub, iss: issuer.url })],
  ]
  for (const [reason, token] of bad) await status(api, token, 401, reason)
  if (issuer.asked() > 3) red('keys-of-the-issuer-not-kept', `${issuer.asked()} times`)

  issuer.close()
  await status(api, await issuer.token({ sub }), 200, 'issuer-away-and-nobody-in')
  const start = performance.now()
  await status(api, await issuer.token({ sub }, { kid: 'unknown' }), 401, 'unknown-key-taken')
  if (performance.now() - start > 5000) red('waits-for-the-issuer')

  await sql.owner('UPDATE users SET blocked_at = now() WHERE id = $1', [id])
  const out = async () => (await api.withToken(good)('GET', '/v1/me')).status === 401
  await until('blocked-still-in', out, { within: 5500 })
  return { external: [200, ...bad.map(() => 401)], issuerAway: [200, 401], blocked: 401 }
}

/** Another issuer, which signs in the name of this one. */
async function openedElsewhere({ env }: Issuer): Promise<Issuer> {
  const other = await openIssuer(env.EXTERNAL_AUDIENCE)
  other.close()
  return other
}
