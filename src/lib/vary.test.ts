import { expect, test } from 'vitest'
import { variedBy } from './vary.ts'

test.each([
  [undefined, 'Origin'],
  ['Origin', 'Origin'],
  ['origin', 'origin'],
  ['Accept', 'Accept, Origin'],
  ['Accept,ORIGIN', 'Accept, ORIGIN'],
  [['Accept', 'Cookie'], 'Accept, Cookie, Origin'],
  ['*', '*'],
])('%j, varied by Origin, is %s', (before, after) => {
  expect(variedBy(before, 'Origin')).toBe(after)
})
