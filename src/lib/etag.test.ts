import { expect, test } from 'vitest'
import { etagOf, etagOfCoding, matches, versionDiffers, versionRequired, withoutCoding } from './etag.ts'

test('the tag of a version is strong', () => {
  expect(etagOf(7)).toBe('"7"')
})

test('a tag of a compressed answer is another, and leads back', () => {
  expect(etagOfCoding('"7"', 'br')).toBe('"7-br"')
  expect(withoutCoding('"7-br", W/"8-gzip","9-zstd", "9-other"')).toBe('"7", W/"8","9", "9-other"')
})

test.each(['"7"', '*', '"6", "7"', '"6","7"', ' "7" ', '"7-br"', '"6", "7-gzip"', '"7-zstd"'])(
  '%s names version 7',
  (field) => {
    expect(matches(field, 7)).toBe(true)
  },
)

test.each(['"6"', 'W/"7"', '7', '"77"', '"7', '', '"6", W/"7"', '"6-br"', 'W/"7-br"', '"7-"', '"7-br-br"'])(
  '%s does not name version 7',
  (field) => {
    expect(matches(field, 7)).toBe(false)
  },
)

test('a change without a version is told to send one', () => {
  expect(versionRequired()).toMatchObject({ status: 428, code: 'IF_MATCH_REQUIRED' })
})

test('a change of an old version is told the present one', () => {
  expect(versionDiffers(8)).toMatchObject({ status: 412, code: 'VERSION_DIFFERS', headers: { etag: '"8"' } })
})
