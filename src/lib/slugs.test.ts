import fc from 'fast-check'
import { expect, test } from 'vitest'
import { distinctSlug, isReserved, slugFrom } from './slugs.ts'

const shape = /^[a-z0-9]+(-[a-z0-9]+)*$/
const anyTitle = fc.string({ unit: 'binary', maxLength: 200 })

test.each([
  ['Fix the harbour crane', 'fix-the-harbour-crane'],
  ['  Olá,   mundo!  ', 'ola-mundo'],
  ['Größe & Maß', 'groesse-and-mass'],
  ['C++ / Rust', 'c-rust'],
  ['???', ''],
])('%s becomes "%s"', (title, slug) => {
  expect(slugFrom(title)).toBe(slug)
})

test('every title becomes a slug of at most 80 characters, or nothing', () => {
  fc.assert(
    fc.property(anyTitle, (title) => {
      const slug = slugFrom(title)
      expect(slug.length).toBeLessThanOrEqual(80)
      if (slug !== '') expect(slug).toMatch(shape)
    }),
  )
})

test('a title that is cut at a dash ends without it', () => {
  expect(slugFrom(`${'a'.repeat(79)} b`)).toBe('a'.repeat(79))
})

test('a distinct slug of any title is one, and fits the column', () => {
  fc.assert(
    fc.property(anyTitle, (title) => {
      const slug = distinctSlug(slugFrom(title))
      expect(slug).toMatch(shape)
      expect(slug.length).toBeGreaterThanOrEqual(3)
      expect(slug.length).toBeLessThanOrEqual(100)
    }),
  )
})

test('a distinct slug starts with the plain one and differs each time', () => {
  const [first, second] = [distinctSlug('crane'), distinctSlug('crane')]
  expect(first).toMatch(/^crane-[0-9a-f]{6}$/)
  expect(second).not.toBe(first)
})

test.each(['admin', 'api', 'me', 'www', 'images', 'register'])('%s is reserved', (word) => {
  expect(isReserved(word)).toBe(true)
})

test.each(['', 'crane', 'admin-2'])('"%s" is not reserved', (word) => {
  expect(isReserved(word)).toBe(false)
})
