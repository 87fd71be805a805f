import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, type JWTHeaderParameters, SignJWT } from 'jose'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Actor } from './actor.ts'
import { createTokens } from './tokens.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const issuer = 'https://api.example.com'
const audience = 'seaworthy'
const tokens = await createTokens({ signingKey: pem(privateKey), issuer, audience, lifetime: 60_000 })
const kid = tokens.jwks().keys[0]?.kid
const sessionId = randomUUID()
const actor: Actor = { id: '0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11', role: 'client', tier: 'partner', sessionId }

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

const goodClaims = () => ({
  iss: issuer,
  aud: audience,
  sub: actor.id,
  sid: sessionId,
  role: actor.role,
  jti: randomUUID(),
  iat: inSeconds(0),
  exp: inSeconds(60),
})

type Forgery = {
  claims?: Record<string, unknown>
  header?: Record<string, unknown>
  key?: KeyObject | Uint8Array
}

/** A token made by hand, good but for what is given. A claim that is undefined is left out. */
function forge({ claims = {}, header = {}, key = privateKey }: Forgery = {}): Promise<string> {
  const head = { alg: 'EdDSA', typ: 'at+jwt', kid, ...header } as JWTHeaderParameters
  return new SignJWT({ ...goodClaims(), ...claims }).setProtectedHeader(head).sign(key)
}

test('a token speaks for whom it was made', async () => {
  expect(await tokens.verify(await tokens.sign(actor))).toEqual(actor)
})

test('a token carries the header and the claims of RFC 9068', async () => {
  const token = await tokens.sign(actor)
  const { iat = 0, ...claims } = decodeJwt(token)
  expect(decodeProtectedHeader(token)).toEqual({
    alg: 'EdDSA',
    typ: 'at+jwt',
    kid: expect.stringMatching(/^[\w-]{43}$/),
  })
  expect(claims).toEqual({
    iss: issuer,
    aud: audience,
    client_id: audience,
    sub: actor.id,
    sid: sessionId,
    role: actor.role,
    tier: actor.tier,
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    exp: iat + tokens.expiresIn,
  })
  expect(tokens.expiresIn).toBe(60)
})

test('no two tokens are the same', async () => {
  expect(await tokens.sign(actor)).not.toBe(await tokens.sign(actor))
})

test('a token made by hand is taken when nothing is wrong with it', async () => {
  expect(await tokens.verify(await forge())).toEqual({ ...actor, tier: 'standard' })
})

const strangers = generateKeyPairSync('ed25519')
const embedded = { ...strangers.publicKey.export({ format: 'jwk' }), kid }
const pair = (kind: 'rsa' | 'ec') =>
  kind === 'rsa'
    ? generateKeyPairSync(kind, { modulusLength: 2048 })
    : generateKeyPairSync(kind, { namedCurve: 'P-256' })

test.each<[string, Forgery]>([
  ['signed by another key under our name', { key: strangers.privateKey }],
  ['that brings its key along', { key: strangers.privateKey, header: { jwk: embedded } }],
  [
    'that brings its key along, and names none of ours',
    { key: strangers.privateKey, header: { jwk: embedded, kid: 'x' } },
  ],
  ['that says where its key is', { key: strangers.privateKey, header: { jku: 'http://127.0.0.1:1/jwks.json' } }],
  ['that says where its certificate is', { key: strangers.privateKey, header: { x5u: 'http://127.0.0.1:1/key.pem' } }],
  ['that brings its certificate along', { key: strangers.privateKey, header: { x5c: ['MIIB'] } }],
  ['that names another key', { header: { kid: 'another' } }],
  ['that names no key', { header: { kid: undefined } }],
  ['of another issuer', { claims: { iss: 'https://api.example.org' } }],
  ['without an issuer', { claims: { iss: undefined } }],
  ['for another audience', { claims: { aud: 'someone-else' } }],
  ['without an audience', { claims: { aud: undefined } }],
  ['of another algorithm than ours', { header: { alg: 'Ed25519' } }],
  ['signed with RS256', { header: { alg: 'RS256' }, key: pair('rsa').privateKey }],
  ['signed with ES256', { header: { alg: 'ES256' }, key: pair('ec').privateKey }],
  ['of the type JWT, such as an ID token', { header: { typ: 'JWT' } }],
  ['without a type', { header: { typ: undefined } }],
  ['that has expired', { claims: { exp: inSeconds(-6) } }],
  ['without an end', { claims: { exp: undefined } }],
  ['that is not valid yet', { claims: { nbf: inSeconds(60) } }],
  ['without the time it was made', { claims: { iat: undefined } }],
  ['without an id', { claims: { jti: undefined } }],
  ['of nobody', { claims: { sub: undefined } }],
  ['of an empty name', { claims: { sub: '' } }],
  ['of a name that is no id', { claims: { sub: 'admin' } }],
  ['without a session', { claims: { sid: undefined } }],
  ['of a session that is no id', { claims: { sid: 'mine' } }],
  ['of several sessions', { claims: { sid: [sessionId] } }],
  ['without a role', { claims: { role: undefined } }],
  ['with a role that there is not', { claims: { role: 'owner' } }],
  ['with several roles', { claims: { role: ['client', 'admin'] } }],
])('a token %s is refused', async (_, forgery) => {
  const token = await forge(forgery)
  await expect(tokens.verify(token)).rejects.toThrow()
  // Nor is it taken the second time, when the first was remembered.
  await expect(tokens.verify(token)).rejects.toThrow()
})

test.each<[string, Forgery]>([
  ['ended', { claims: { exp: inSeconds(-2) } }],
  ['will begin', { claims: { nbf: inSeconds(3) } }],
])('a token that %s within what clocks may differ by is taken', async (_, forgery) => {
  expect(await tokens.verify(await forge(forgery))).toMatchObject({ id: actor.id })
})

test('nobody gets a token without a session', async () => {
  await expect(tokens.sign({ id: actor.id, role: 'client' })).rejects.toThrow('belongs to a session')
})

test('a token of a million bytes is refused before anything is read of it', async () => {
  const long = await forge({ claims: { story: 'a'.repeat(1_000_000) } })
  const start = performance.now()
  await expect(tokens.verify(long)).rejects.toThrow('too long')
  expect(performance.now() - start).toBeLessThan(50)
})

test('a good token is taken again from memory, until its end', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const token = await tokens.sign(actor)
  expect(await tokens.verify(token)).toBe(await tokens.verify(token))
  vi.setSystemTime(Date.now() + 66_000)
  await expect(tokens.verify(token)).rejects.toThrow()
})

test('a token is not taken for the one that is remembered when its signature was changed', async () => {
  const token = await tokens.sign(actor)
  await tokens.verify(token)
  const [head, body, signature = ''] = token.split('.')
  await expect(tokens.verify([head, body, `A${signature.slice(1)}`].join('.'))).rejects.toThrow()
  await expect(tokens.verify([head, body, ''].join('.'))).rejects.toThrow()
})

test('a token without a signature is refused', async () => {
  const unsigned = `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${encode(goodClaims())}.`
  await expect(tokens.verify(unsigned)).rejects.toThrow()
})

test.each([
  ['PEM', publicKey.export({ type: 'spki', format: 'pem' })],
  ['DER', publicKey.export({ type: 'spki', format: 'der' })],
  ['raw bytes', Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')],
])('a token signed by HMAC with the public key in %s as the secret is refused', async (_, secret) => {
  const confused = await forge({ header: { alg: 'HS256' }, key: Buffer.from(secret) })
  await expect(tokens.verify(confused)).rejects.toThrow()
})

test('a token whose payload was changed is refused', async () => {
  const [header, , signature] = (await forge()).split('.')
  const changed = `${header}.${encode({ ...goodClaims(), role: 'admin' })}.${signature}`
  await expect(tokens.verify(changed)).rejects.toThrow()
})

test.each(['', 'not a token', 'a.b.c'])('"%s" is refused', async (text) => {
  await expect(tokens.verify(text)).rejects.toThrow()
})

describe('when keys change', () => {
  const newKey = () => pem(generateKeyPairSync('ed25519').privateKey)
  const made = (signingKey: string, settle = 0) =>
    createTokens({ signingKey, issuer, audience, lifetime: 60_000, settle })
  const kidOf = async (of: Awaited<ReturnType<typeof made>>) => decodeProtectedHeader(await of.sign(actor)).kid

  test('the first key signs, tokens of the others still count, and all are published', async () => {
    const [first, second] = [newKey(), newKey()]
    const keeper = await made(second)
    const old = await keeper.sign(actor)
    await keeper.use(`${first}${second}`)
    expect(await keeper.verify(old)).toEqual(actor)
    expect(await kidOf(keeper)).toBe(await kidOf(await made(first)))
    expect(keeper.jwks().keys.map((key) => key.kid)).toEqual([await kidOf(keeper), decodeProtectedHeader(old).kid])
  })

  test('a token of a key that is gone is refused, though it was just taken', async () => {
    const keeper = await made(newKey())
    const old = await keeper.sign(actor)
    await keeper.verify(old)
    await keeper.use(newKey())
    await expect(keeper.verify(old)).rejects.toThrow('no key of ours')
  })

  test('a new key verifies at once, and signs when every process has had the time to read it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const [young, old] = [newKey(), newKey()]
    const keeper = await made(`created ${new Date().toISOString()}\n${young}${old}`, 60_000)
    const elsewhere = await made(young)
    expect(await kidOf(keeper)).toBe(await kidOf(await made(old)))
    expect(await keeper.verify(await elsewhere.sign(actor))).toEqual(actor)
    vi.setSystemTime(Date.now() + 60_000)
    expect(await kidOf(keeper)).toBe(await kidOf(elsewhere))
  })

  test('one young key alone signs: there is no other', async () => {
    const keeper = await made(`created ${new Date().toISOString()}\n${newKey()}`, 60_000)
    expect(await keeper.verify(await keeper.sign(actor))).toEqual(actor)
  })

  test('keys that are none change nothing', async () => {
    const keeper = await made(newKey())
    const token = await keeper.sign(actor)
    await expect(keeper.use('a key')).rejects.toThrow()
    expect(await keeper.verify(token)).toEqual(actor)
  })
})

test.each([
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['Ed448', generateKeyPairSync('ed448')],
])('a signing key of the kind %s is refused', async (_, other) => {
  const made = createTokens({ signingKey: pem(other.privateKey), issuer, audience, lifetime: 60_000 })
  await expect(made).rejects.toThrow('TOKEN_SIGNING_KEY is not an Ed25519 key')
})
