import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, SignJWT } from 'jose'
import { afterAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createExternalTokens } from './external-tokens.ts'

const es256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rs256 = generateKeyPairSync('rsa', { modulusLength: 2048 })
const published: object[] = []
let asked = 0
let behaviour: 'well' | 'failing' | 'hanging' = 'well'
const server = createServer((_request, answer) => {
  asked += 1
  if (behaviour === 'hanging') return
  answer.writeHead(behaviour === 'well' ? 200 : 500).end(JSON.stringify({ keys: published }))
}).listen(0, '127.0.0.1')
await once(server, 'listening')
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const audience = 'seaworthy'
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
const publish = async (key: KeyObject, kid: string) => void published.push({ ...(await exportJWK(key)), kid })
const open = () => createExternalTokens({ issuer, audience, jwksUrl: issuer, clockTolerance: 5 })

type Changes = { claims?: Record<string, unknown>; header?: Record<string, unknown>; key?: KeyObject | Uint8Array }

const token = ({ claims = {}, header = {}, key = es256.privateKey }: Changes = {}) =>
  new SignJWT({ iss: issuer, aud: audience, sub: 'them', exp: inSeconds(60), ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'first', ...header })
    .sign(key)

beforeEach(async () => {
  published.length = 0
  behaviour = 'well'
  asked = 0
  await publish(es256.publicKey, 'first')
})

test('a token of the issuer says whom it is about, and its keys are asked for once', async () => {
  const tokens = open()
  await publish(rs256.publicKey, 'second')
  expect(await tokens.subjectOf(await token())).toBe('them')
  const other = await token({ header: { alg: 'RS256', kid: 'second' }, key: rs256.privateKey })
  expect([await tokens.subjectOf(other), asked]).toEqual(['them', 1])
})

test.each<[string, Changes]>([
  ['of another issuer', { claims: { iss: 'https://elsewhere.example.org' } }],
  ['for another audience', { claims: { aud: 'someone-else' } }],
  ['without an audience', { claims: { aud: undefined } }],
  ['that has expired', { claims: { exp: inSeconds(-6) } }],
  ['without an end', { claims: { exp: undefined } }],
  ['that is not valid yet', { claims: { nbf: inSeconds(60) } }],
  ['of nobody', { claims: { sub: undefined } }],
  ['of an empty name', { claims: { sub: '' } }],
  ['of another key', { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }],
  ['of a key that is not published', { header: { kid: 'unknown' } }],
  ['signed by HMAC', { header: { alg: 'HS256' }, key: Buffer.from('a secret that is long enough for it') }],
  ['of another algorithm', { header: { alg: 'PS256' }, key: rs256.privateKey }],
])('a token %s is refused', async (_, changes) => {
  await expect(open().subjectOf(await token(changes))).rejects.toThrow()
})

test('an expired token is refused by a clock that is 5 s off at most', async () => {
  expect(await open().subjectOf(await token({ claims: { exp: inSeconds(-2) } }))).toBe('them')
})

test('a new key is found when a token names it, and unknown names do not ask again and again', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const tokens = open()
  await tokens.subjectOf(await token())
  const unknown = await token({ header: { kid: 'unknown' } })
  for (let time = 0; time < 10; time += 1) await expect(tokens.subjectOf(unknown)).rejects.toThrow()
  expect(asked).toBe(1)
  vi.setSystemTime(Date.now() + 31_000)
  await publish(rs256.publicKey, 'second')
  const fresh = await token({ header: { alg: 'RS256', kid: 'second' }, key: rs256.privateKey })
  expect([await tokens.subjectOf(fresh), asked]).toEqual(['them', 2])
})

test('while the issuer is away its known keys go on, however old they are', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const tokens = open()
  await tokens.subjectOf(await token())
  behaviour = 'failing'
  vi.setSystemTime(Date.now() + 3_600_000)
  expect(await tokens.subjectOf(await token())).toBe('them')
  await vi.waitFor(() => expect(asked).toBe(2))
})

test('a key that the issuer took back is good for the time of one renewal at most', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const tokens = open()
  await tokens.subjectOf(await token())
  published.length = 0
  await publish(rs256.publicKey, 'second')
  vi.setSystemTime(Date.now() + 601_000)
  await tokens.subjectOf(await token())
  await vi.waitFor(async () => expect(tokens.subjectOf(await token())).rejects.toThrow())
})

test('nobody waits longer than 2 s for an issuer that says nothing, and those who come after not at all', async () => {
  behaviour = 'hanging'
  const tokens = open()
  const start = performance.now()
  await expect(tokens.subjectOf(await token())).rejects.toThrow()
  expect(performance.now() - start).toBeLessThan(3000)
  await expect(tokens.subjectOf(await token())).rejects.toThrow('could not be had just now')
  expect(asked).toBe(1)
})
