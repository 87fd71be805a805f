import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCursors } from './page.ts'

type Options = Parameters<typeof createCursors>[0]

const build = (changes: Partial<Options> = {}) =>
  createCursors({ secret: 'the secret of these tests', lifetime: 60_000, ...changes })

/** The cursor of a page whose last row has this key. */
function cursorTo(key: (string | number)[], list = 'jobs', cursors = build()): string {
  const { next } = cursors.pageOf(['on the page', 'beyond it'], 1, list, () => key).page
  if (next === null) throw new Error('There is no next page')
  return next
}

const invalid = expect.objectContaining({ status: 400, code: 'CURSOR_INVALID' })
const expired = expect.objectContaining({ status: 400, code: 'CURSOR_EXPIRED' })

const anyText = fc.string({ unit: 'binary' })
const anyKey = fc.array(fc.oneof(fc.integer(), anyText), { maxLength: 4 })

test('every key comes back as it was, from the list that it was made for', () => {
  fc.assert(
    fc.property(anyKey, anyText, (key, list) => {
      expect(build().read(cursorTo(key, list), list)).toEqual(key)
    }),
  )
})

test('a cursor has only characters that the schema of cursors takes', () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      expect(cursorTo(key)).toMatch(/^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$/)
    }),
  )
})

test('a cursor of which any character is another is refused', () => {
  fc.assert(
    fc.property(anyKey, fc.nat(), anyText, (key, position, replacement) => {
      const cursor = cursorTo(key)
      const at = position % cursor.length
      fc.pre(replacement !== cursor[at])
      expect(() => build().read(cursor.slice(0, at) + replacement + cursor.slice(at + 1), 'jobs')).toThrow(invalid)
    }),
  )
})

test('a cursor that was cut anywhere is refused', () => {
  const cursor = cursorTo(['2026-11-22T09:00:00.000Z', 'an id'])
  for (let length = 0; length < cursor.length; length++)
    expect(() => build().read(cursor.slice(0, length), 'jobs')).toThrow(invalid)
})

test('no text is taken for a cursor', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(() => build().read(text, 'jobs')).toThrow(invalid)
    }),
  )
})

test('a cursor of another list is refused', () => {
  fc.assert(
    fc.property(anyKey, anyText, anyText, (key, list, other) => {
      fc.pre(list !== other)
      expect(() => build().read(cursorTo(key, list), other)).toThrow(invalid)
    }),
  )
})

test('a cursor that another secret signed is refused', () => {
  const cursor = cursorTo([1], 'jobs', build({ secret: 'the secret of someone else' }))
  expect(() => build().read(cursor, 'jobs')).toThrow(invalid)
})

test('a cursor can be used to the end of its life and no longer', () => {
  let time = 1_000_000
  const cursors = build({ lifetime: 500, now: () => time })
  const cursor = cursorTo([7], 'jobs', cursors)
  time += 500
  expect(cursors.read(cursor, 'jobs')).toEqual([7])
  time += 1
  expect(() => cursors.read(cursor, 'jobs')).toThrow(expired)
})

test('the same page has the same cursor for a tenth of its life', () => {
  let time = 1_000_001
  const cursors = build({ lifetime: 500, now: () => time })
  const first = cursorTo([7], 'jobs', cursors)
  time += 49
  expect(cursorTo([7], 'jobs', cursors)).toBe(first)
  time += 1
  expect(cursorTo([7], 'jobs', cursors)).not.toBe(first)
})

test('without a cursor the list starts at its first row', () => {
  expect(build().read(undefined, 'jobs')).toBeUndefined()
})

test('a page is as long as its limit, and its cursor is that of its last row', () => {
  const { data, page } = build().pageOf([3, 4, 5], 2, 'numbers', (row) => [row])
  expect(data).toEqual([3, 4])
  expect(build().read(page.next ?? '', 'numbers')).toEqual([4])
})

test.each([[[]], [[3]], [[3, 4]]])('a page with nothing beyond it is the last: %j', (rows) => {
  expect(build().pageOf(rows, 2, 'numbers', (row) => [row])).toEqual({ data: rows, page: { next: null } })
})
