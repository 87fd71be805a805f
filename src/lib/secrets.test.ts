import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { developmentMark, secretWeakness } from './secrets.ts'

test('a random secret that is long enough has no weakness', () => {
  expect(secretWeakness(randomBytes(32).toString('hex'), 32)).toBeUndefined()
  expect(secretWeakness('k3Jq9ZtLw0bVd5Xs', 16)).toBeUndefined()
})

test('four x in a row are chance, and no placeholder', () => {
  expect(secretWeakness('MC4CAQxXXxLw0bVd5Xs', 16)).toBeUndefined()
})

test('a development secret is told by its mark, however random the rest is', () => {
  expect(secretWeakness(`${developmentMark}-${randomBytes(32).toString('hex')}`, 32)).toBe('is a development secret')
})

test.each([
  'change-me-change-me-change-me-change-me',
  'CHANGEME-CHANGEME-CHANGEME-CHANGEME-1234',
  'a-placeholder-of-the-documentation-1234',
  'secret-of-the-example-0123456789-abcdef',
  'replace-this-by-a-random-text-0123456789',
  'the-password-of-the-service-0123456789',
  'your-secret-goes-here-0123456789-abcdef',
  '<a random text of thirty-two characters>',
  'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
])('%s is a placeholder', (secret) => {
  expect(secretWeakness(secret, 32)).toBe('is a placeholder')
})

test('a secret that lacks one character is short', () => {
  expect(secretWeakness('k3Jq9ZtLw0bVd5X', 16)).toBe('is shorter than 16 characters')
})

test.each(['abcabcabcabcabcabcabcabcabcabcabc', '0'.repeat(40), '1234567'.repeat(6)])('%s repeats itself', (secret) => {
  expect(secretWeakness(secret, 32)).toBe('repeats the same few characters')
})
