import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { applyEdits, NotApplied } from './edits.ts'

const tree = mkdtempSync(join(tmpdir(), 'seaworthy-edits-'))
afterAll(() => rmSync(tree, { recursive: true }))
beforeEach(() => writeFileSync(join(tree, 'a.ts'), 'const a = 1\nconst b = 1\n'))

const text = () => readFileSync(join(tree, 'a.ts'), 'utf8')

test('an edit is made, undone, and the undo is seen', () => {
  const edit = applyEdits(tree, [{ file: 'a.ts', find: 'a = 1', replace: 'a = 2' }])
  expect([text(), edit.undone()]).toEqual(['const a = 2\nconst b = 1\n', false])
  edit.undo()
  expect([text(), edit.undone()]).toEqual(['const a = 1\nconst b = 1\n', true])
})

test('an undo that does not bring the file back is seen', () => {
  const edit = applyEdits(tree, [{ file: 'a.ts', find: 'a = 1', replace: 'a = 2' }])
  edit.undo()
  writeFileSync(join(tree, 'a.ts'), 'const a = 3\n')
  expect(edit.undone()).toBe(false)
})

test('what is replaced is text, not a pattern', () => {
  applyEdits(tree, [{ file: 'a.ts', find: 'const a = 1', replace: "const a = '$& $1'" }])
  expect(text()).toBe("const a = '$& $1'\nconst b = 1\n")
})

test.each([
  ['stands twice', 'a.ts', '= 1', '= 2', 'stands 2 times'],
  ['is not there', 'a.ts', 'c = 1', 'c = 2', 'stands 0 times'],
  ['changes nothing', 'a.ts', 'a = 1', 'a = 1', 'changes nothing'],
  ['is no TypeScript', 'a.ts', 'a = 1', 'a = (', 'not valid TypeScript'],
  ['is in no file', 'b.ts', 'a', 'b', "can't be read"],
])('an edit that %s is not made', (_, file, find, replace, why) => {
  expect(() => applyEdits(tree, [{ file, find, replace }])).toThrow(NotApplied)
  expect(() => applyEdits(tree, [{ file, find, replace }])).toThrow(why)
  expect(text()).toBe('const a = 1\nconst b = 1\n')
})

test('of several edits all are made, or none', () => {
  const good = { file: 'a.ts', find: 'a = 1', replace: 'a = 2' }
  expect(() => applyEdits(tree, [good, { file: 'a.ts', find: 'gone', replace: '' }])).toThrow(NotApplied)
  expect(text()).toBe('const a = 1\nconst b = 1\n')
  applyEdits(tree, [good, { file: 'a.ts', find: 'b = 1', replace: 'b = 2' }])
  expect(text()).toBe('const a = 2\nconst b = 2\n')
})
