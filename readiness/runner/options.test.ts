import { expect, test } from 'vitest'
import { type Control, control, source } from '../control.ts'
import { readOptions, UsageError } from './options.ts'

const built = (given: Partial<Control>) =>
  control({
    id: 'SEC-12',
    level: 'must',
    holds: '',
    because: '',
    code: ['src/a.ts'],
    runbook: '',
    needs: [],
    probe: async () => ({}),
    sabotages: [source('', 'a', 'b', 'c', { red: 'd' })],
    ...given,
  })
const read = (...words: string[]) => readOptions(words, '/root')

test('the fast tier is run, unless another is asked for, or a control by name', () => {
  const [fast, docker] = [built({}), built({ id: 'OPS-01', tier: 'docker' })]
  const chosen = (...words: string[]) => [fast, docker].filter(read(...words).selects).map(({ id }) => id)
  expect(chosen()).toEqual(['SEC-12'])
  expect(chosen('--tier', 'docker')).toEqual(['OPS-01'])
  expect(chosen('--tier', 'all')).toEqual(['SEC-12', 'OPS-01'])
  expect(chosen('--only', 'ops-01, SEC-12')).toEqual(['SEC-12', 'OPS-01'])
  expect(chosen('--tier', 'all', '--area', 'sec')).toEqual(['SEC-12'])
})

test('with --since, of those that the change touched; of all, when that is none', () => {
  const controls = [built({}), built({ id: 'API-01' }), built({ id: 'API-02' })]
  const chosen = (touched?: Control[]) => controls.filter(read('--sabotage').sabotages(controls, touched))
  expect(chosen()).toEqual(controls)
  expect(chosen([])).toEqual(controls)
  expect(chosen(controls.slice(1, 2))).toEqual(controls.slice(1, 2))
  expect(chosen([built({})])).toEqual(controls)
  expect(controls.filter(read().sabotages(controls, undefined))).toEqual([])
})

test('with --minutes, of those whose turn comes in time', () => {
  const controls = [built({})]
  expect(controls.filter(read('--sabotage', '--minutes', '1').sabotages(controls))).toEqual(controls)
  expect(controls.filter(read('--sabotage', '--minutes', '1e-9').sabotages(controls))).toEqual([])
})

test('a target has a report folder of its own', () => {
  expect(read('--target', 'https://api.example.com').report).toBe('/root/readiness-report/api.example.com')
  expect(read().report).toBe('/root/readiness-report')
})

test.each([
  [['--nonsense'], /Options: --list/],
  [['--tier', 'quick'], /one of fast, slow, docker, all/],
  [['--area', 'XXX'], /one of SEC/],
  [['--minutes', 'ten'], /number above 0/],
  [['--target', 'ftp://x'], /URL with http/],
  [['--target', 'http://x', '--sabotage'], /nothing is broken there/],
  [['--sign-off', 'Ada'], /--role security/],
  [['--role', 'qa'], /--sign-off NAME/],
  [['--sign-off', 'Ada', '--role', 'king'], /--role security/],
])('%j makes no sense, and the message says what would', (words, message) => {
  expect(() => read(...words)).toThrow(UsageError)
  expect(() => read(...words)).toThrow(message)
})
