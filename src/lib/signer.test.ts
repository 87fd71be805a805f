import { createPublicKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSigner, readPublicKey } from './signer.ts'

const signer = createSigner({ secret: 'a secret of thirty-two characters', purpose: 'test' })
const other = createSigner({ secret: 'another secret, just as long as it', purpose: 'test' })

test('the same secret and purpose give the same key, and another of either another one', () => {
  expect(createSigner({ secret: 'a secret of thirty-two characters', purpose: 'test' }).keyId).toBe(signer.keyId)
  expect(createSigner({ secret: 'a secret of thirty-two characters', purpose: 'others' }).keyId).not.toBe(signer.keyId)
  expect(other.keyId).not.toBe(signer.keyId)
})

test('what was signed verifies, and nothing else does', () => {
  const signature = signer.sign('text')
  expect(signer.verifies('text', signature, signer.keyId)).toBe(true)
  expect(signer.verifies('texts', signature, signer.keyId)).toBe(false)
  expect(signer.verifies('text', signature.subarray(1), signer.keyId)).toBe(false)
  expect(signer.verifies('text', other.sign('text'), signer.keyId)).toBe(false)
})

test('a key of before verifies where it is trusted, and only there', () => {
  const signature = other.sign('text')
  expect(signer.verifies('text', signature, other.keyId)).toBe(false)
  const trusted = [other.publicKey(other.keyId)?.base64 ?? '']
  const successor = createSigner({ secret: 'a secret of thirty-two characters', purpose: 'test', trusted })
  expect(successor.verifies('text', signature, other.keyId)).toBe(true)
  expect(successor.keyId).toBe(signer.keyId)
})

test('anyone verifies by the public key in PEM, without our code', () => {
  const pem = signer.publicKey(signer.keyId)?.pem ?? ''
  expect(verify(null, Buffer.from('text'), createPublicKey(pem), signer.sign('text'))).toBe(true)
  expect(signer.publicKey('of-nobody')).toBeUndefined()
})

test.each(['', 'c2hvcnQ=', Buffer.alloc(33).toString('base64')])('%j is no public key', (text) => {
  expect(() => readPublicKey(text)).toThrow('not a public key')
})
