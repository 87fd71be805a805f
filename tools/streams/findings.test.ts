import { expect, test } from 'vitest'
import { faultOf } from './findings.ts'

const list = ['a', 'b', 'c']
const told = (...numbers: number[]) => numbers.map((number) => ({ number, id: list[number - 1] ?? '' }))

test.each([
  ['all of it, once and in order', told(1, 2, 3), undefined],
  ['one twice', told(1, 2, 2, 3), 'number 2 came after 2 others, and is 2 in the list'],
  ['one too early', told(1, 3, 2), 'number 3 came after 1 others, and is 3 in the list'],
  ['one left out', told(1, 3), 'number 3 came after 1 others, and is 3 in the list'],
  ['too little', told(1, 2), '2 of 3 were told'],
  ['something else', [...told(1), { number: 2, id: 'x' }], 'number 2 came after 1 others, and is 0 in the list'],
])('%s', (_, heard, fault) => {
  expect(faultOf(heard, list)).toBe(fault)
})
