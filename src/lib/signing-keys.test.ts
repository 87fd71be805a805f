import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import { readSigningKeys, splitSigningKeys } from './signing-keys.ts'

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const newKey = () => pem(generateKeyPairSync('ed25519').privateKey)

test('the keys of a text are read in their order, each with a name of its own', async () => {
  const [first, second] = [newKey(), newKey()]
  const both = await readSigningKeys(`for people\n${first}\nmore for people\n${second}`)
  const one = await readSigningKeys(second)
  expect(both.map(({ kid }) => kid)).toEqual([expect.stringMatching(/^[\w-]{43}$/), one[0]?.kid])
})

test('a line above a key dates it, and one that says no time does not', async () => {
  const text = `created 2026-11-25T10:00:00Z\n${newKey()}created yesterday\n${newKey()}${newKey()}`
  const keys = await readSigningKeys(text)
  expect(keys.map(({ createdAt }) => createdAt)).toEqual([Date.parse('2026-11-25T10:00:00Z'), 0, 0])
})

test('what is published of a key has nothing of the private one', async () => {
  const [key] = await readSigningKeys(newKey())
  expect(key?.jwk).toEqual({
    kty: 'OKP',
    crv: 'Ed25519',
    x: expect.stringMatching(/^[\w-]{43}$/),
    kid: key?.kid,
    alg: 'EdDSA',
    use: 'sig',
  })
})

const good = newKey()
const cutOff = good.slice(0, 60)
const sealed = generateKeyPairSync('ed25519').privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'any',
})

test.each([
  ['nothing', '', 'is not one Ed25519 key or several'],
  ['text without a key', 'a key', 'is not one Ed25519 key or several'],
  ['a key beside one that is cut off', `${good}${cutOff}`, 'is not one Ed25519 key or several'],
  ['a key beside one under a passphrase', `${good}${sealed}`, 'is not one Ed25519 key or several'],
  ['one key twice', `${good}${good}`, 'has one key twice'],
  ['a key of another kind beside a good one', `${good}${pem(generateKeyPairSync('ed448').privateKey)}`, 'Ed25519'],
  ['a key of another curve', pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey), 'Ed25519'],
  ['more keys than anyone needs', Array.from({ length: 11 }, newKey).join(''), 'more than 10 keys'],
])('%s is refused', (_, text, why) => {
  expect(() => splitSigningKeys(text)).toThrow(why)
})

test('what stands between the lines of a key and is no key is refused', () => {
  expect(() => splitSigningKeys('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----')).toThrow()
})
