import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, type JWTHeaderParameters, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import type { Actor } from './actor.ts'
import { createTokens } from './tokens.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const issuer = 'https://api.example.com'
const audience = 'seaworthy'
const tokens = await createTokens({ signingKey: pem(privateKey), issuer, audience, lifetime: 60_000 })
const actor: Actor = { id: '0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11', role: 'client', tier: 'partner' }

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

const goodClaims = () => ({
  iss: issuer,
  aud: audience,
  sub: actor.id,
  role: actor.role,
  jti: randomUUID(),
  iat: inSeconds(0),
  exp: inSeconds(60),
})

type Forgery = {
  claims?: Record<string, unknown>
  header?: { alg?: string; typ?: string | undefined }
  key?: KeyObject | Uint8Array
}

/** A token made by hand, good but for what is given. A claim that is undefined is left out. */
function forge({ claims = {}, header = {}, key = privateKey }: Forgery = {}): Promise<string> {
  const head = { alg: 'EdDSA', typ: 'at+jwt', ...header } as JWTHeaderParameters
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

test.each<[string, Forgery]>([
  ['signed by another key', { key: generateKeyPairSync('ed25519').privateKey }],
  ['of another issuer', { claims: { iss: 'https://api.example.org' } }],
  ['without an issuer', { claims: { iss: undefined } }],
  ['for another audience', { claims: { aud: 'someone-else' } }],
  ['without an audience', { claims: { aud: undefined } }],
  ['of another algorithm than ours', { header: { alg: 'Ed25519' } }],
  ['of the type JWT, such as an ID token', { header: { typ: 'JWT' } }],
  ['without a type', { header: { typ: undefined } }],
  ['that has expired', { claims: { exp: inSeconds(-1) } }],
  ['without an end', { claims: { exp: undefined } }],
  ['that is not valid yet', { claims: { nbf: inSeconds(60) } }],
  ['without the time it was made', { claims: { iat: undefined } }],
  ['without an id', { claims: { jti: undefined } }],
  ['of nobody', { claims: { sub: undefined } }],
  ['of an empty name', { claims: { sub: '' } }],
  ['without a role', { claims: { role: undefined } }],
  ['with a role that there is not', { claims: { role: 'owner' } }],
  ['with several roles', { claims: { role: ['client', 'admin'] } }],
])('a token %s is refused', async (_, forgery) => {
  await expect(tokens.verify(await forge(forgery))).rejects.toThrow()
})

test('a token without a signature is refused', async () => {
  const unsigned = `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(goodClaims())}.`
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

test.each([
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['Ed448', generateKeyPairSync('ed448')],
])('a signing key of the kind %s is refused', async (_, other) => {
  const made = createTokens({ signingKey: pem(other.privateKey), issuer, audience, lifetime: 60_000 })
  await expect(made).rejects.toThrow('TOKEN_SIGNING_KEY is not an Ed25519 key')
})
