import { expect, test } from 'vitest'
import { etagOf, matches, versionDiffers, versionRequired } from './etag.ts'

test('the tag of a version is strong', () => {
  expect(etagOf(7)).toBe('"7"')
})

test.each(['"7"', '*', '"6", "7"', '"6","7"', ' "7" '])('%s names version 7', (field) => {
  expect(matches(field, 7)).toBe(true)
})

test.each(['"6"', 'W/"7"', '7', '"77"', '"7', '', '"6", W/"7"'])('%s does not name version 7', (field) => {
  expect(matches(field, 7)).toBe(false)
})

test('a change without a version is told to send one', () => {
  expect(versionRequired()).toMatchObject({ status: 428, code: 'IF_MATCH_REQUIRED' })
})

test('a change of an old version is told the present one', () => {
  expect(versionDiffers(8)).toMatchObject({ status: 412, code: 'VERSION_DIFFERS', headers: { etag: '"8"' } })
})
