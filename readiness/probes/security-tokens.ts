// SEC-01: what happens to each kind of token that is none of ours, or no longer good, on a read and on a write.
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, exportJWK } from 'jose'
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { inSeconds, type Signed, signed } from './tokens-scene.ts'

type Bad = [kind: string, token: string]

export async function onlyGoodTokensCount({ api, env }: Context): Promise<Evidence> {
  const { token } = await api.as('client')
  const key = createPrivateKey(String(env.TOKEN_SIGNING_KEY))
  const good: Signed = {
    header: decodeProtectedHeader(token) as Signed['header'],
    claims: { ...decodeJwt(token), iat: inSeconds(0), exp: inSeconds(60) },
  }
  // One that is made by hand and good: what is refused after it, is refused for what differs.
  for (const fine of [token, await signed(good, key)]) {
    const [read, write] = await useOf(api.withToken(fine))
    if (read.status !== 200 || write.status !== 200) red('good-token-refused', `${read.status} ${write.status}`)
  }
  const bad = [...(await ofOtherKeys(good)), ...(await changed(token, good, key)), ...withoutKey(good, key)]
  for (const [kind, forged] of bad) await refused(kind, await useOf(api.withToken(forged)))
  await tooLong(api, token)
  return { refused: bad.map(([kind]) => kind), onEach: ['GET /v1/me 401', 'PATCH /v1/me 401'] }
}

async function useOf(call: Call): Promise<[Answer, Answer]> {
  const read = await call('GET', '/v1/me')
  const write = { body: { name: 'Ada' }, headers: { 'if-match': read.field('etag') ?? '"1"' } }
  return [read, await call('PATCH', '/v1/me', write)]
}

async function refused(kind: string, answers: Answer[]): Promise<void> {
  for (const { status, text, field } of answers) {
    if (status >= 200 && status < 300) red(`${kind}-taken`)
    if (status !== 401 || !text.includes('TOKEN_INVALID'))
      red('refused-by-another-answer', `${kind}: ${status} ${text}`)
    if (!/^Bearer\b/.test(field('www-authenticate') ?? '')) red('no-challenge', kind)
  }
}

async function ofOtherKeys({ header, claims: of }: Signed): Promise<Bad[]> {
  // Not word for word what was taken before.
  const claims = { ...of, jti: randomUUID() }
  const stranger = generateKeyPairSync('ed25519')
  const jwk = await exportJWK(stranger.publicKey)
  const by = (more: Record<string, unknown>) => signed({ header: { ...header, ...more }, claims }, stranger.privateKey)
  const other = (alg: string, pair: { privateKey: KeyObject }) =>
    signed({ header: { ...header, alg }, claims }, pair.privateKey)
  return [
    ['wrong-key', await by({})],
    ['embedded-jwk', await by({ jwk })],
    ['embedded-jwk', await by({ jwk, kid: undefined })],
    ['jku', await by({ jku: 'http://127.0.0.1:1/jwks.json' })],
    ['x5u', await by({ x5u: 'http://127.0.0.1:1/key.pem' })],
    ['x5c', await by({ x5c: ['MIIB'] })],
    ['unknown-kid', await by({ kid: randomUUID() })],
    ['no-kid', await by({ kid: undefined })],
    ['rs256', await other('RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }))],
    ['es256', await other('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }))],
  ]
}

/** Signed by our own key, and wrong in one thing each. */
async function changed(token: string, { header, claims }: Signed, key: KeyObject): Promise<Bad[]> {
  const make = (claim: Record<string, unknown>, field: Record<string, unknown> = {}) =>
    signed({ header: { ...header, ...field }, claims: { ...claims, jti: randomUUID(), ...claim } }, key)
  const [head, body, signature = ''] = token.split('.')
  const admin = encode({ ...claims, role: 'admin' })
  return [
    ['other-audience', await make({ aud: 'someone-else' })],
    ['other-issuer', await make({ iss: 'https://elsewhere.example.org' })],
    ['expired', await make({ exp: inSeconds(-10) })],
    ['not-yet-valid', await make({ nbf: inSeconds(600) })],
    ['other-type', await make({}, { typ: 'JWT' })],
    ['unnamed-key', await make({}, { kid: undefined })],
    ['no-session', await make({ sid: undefined })],
    ['no-end', await make({ exp: undefined })],
    ['tampered-payload', `${head}.${admin}.${signature}`],
    // The good one was just taken: nothing but all of it may be remembered.
    ['tampered-signature', `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`],
    ['cut-signature', `${head}.${body}.`],
  ]
}

/** Algorithms that need no private key: none at all, and HMAC with what everyone may know. */
function withoutKey({ header, claims }: Signed, key: KeyObject): Bad[] {
  const publicKey = createPublicKey(key)
  const plain = (alg: string) => `${encode({ ...header, alg })}.${encode(claims)}`
  const hmac = (secret: string | Buffer) =>
    `${plain('HS256')}.${createHmac('sha256', secret).update(plain('HS256')).digest('base64url')}`
  return [
    ['alg-none', `${plain('none')}.`],
    ['alg-none', `${plain('nOnE')}.`],
    ['hs256-with-public-key', hmac(publicKey.export({ type: 'spki', format: 'pem' }))],
    ['hs256-with-public-key', hmac(publicKey.export({ type: 'spki', format: 'der' }))],
    ['hs256-with-public-key', hmac(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))],
  ]
}

/** Longer than any of ours is 401; longer than all fields of a request may be is refused by the server. */
async function tooLong(api: Context['api'], token: string): Promise<void> {
  await refused('long-token', await useOf(api.withToken(`${token}${'A'.repeat(5000)}`)))
  const huge = await api
    .withToken('A'.repeat(1_000_000))('GET', '/v1/me')
    .then(
      ({ status }) => status,
      // The connection may be closed while it is still being sent.
      () => 431,
    )
  if (huge !== 431) red('million-bytes-read', String(huge))
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
