import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { readAccepted, reasonFor } from './accepted.ts'

const finding = { rule: 'DL3008', severity: 'medium' as const, what: 'Pin versions', where: 'Dockerfile:12' }
const entry = {
  tool: 'hadolint',
  rule: 'DL3008',
  where: 'Dockerfile',
  reason: 'The base is pinned',
  until: '2027-01-31',
}

test('a finding is accepted until its day, and counts from then on', () => {
  expect(reasonFor([entry], 'hadolint', finding, '2027-01-30')).toBe('The base is pinned')
  expect(reasonFor([entry], 'hadolint', finding, '2027-01-31')).toBeUndefined()
})

test('another tool, rule or place is not accepted with it', () => {
  const today = '2026-12-01'
  expect(reasonFor([entry], 'checkov', finding, today)).toBeUndefined()
  expect(reasonFor([entry], 'hadolint', { ...finding, rule: 'DL3009' }, today)).toBeUndefined()
  expect(reasonFor([entry], 'hadolint', { ...finding, where: 'other/Dockerfile:12' }, today)).toBeUndefined()
})

test.each([
  ['reason', { ...entry, reason: ' ' }],
  ['end', { ...entry, until: 'never' }],
])('an entry without a %s is refused', async (_, wrong) => {
  const file = join(tmpdir(), `accepted-${process.pid}.json`)
  await writeFile(file, JSON.stringify([wrong]))
  await expect(readAccepted(file)).rejects.toThrow('lacks a reason or an end')
})

test('the list of this project can be read', async () => {
  await expect(readAccepted(resolve(import.meta.dirname, 'accepted.json'))).resolves.toBeInstanceOf(Array)
})
