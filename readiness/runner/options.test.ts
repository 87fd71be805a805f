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

test('with --since, of those whose code or probe changed; of all, when that is none', () => {
  const controls = [built({}), built({ id: 'API-01', code: ['src/b.ts'] })]
  const chosen = (changed?: string[], ...words: string[]) => {
    const sabotaged = read('--sabotage', ...words).sabotages(controls, changed && new Set(changed))
    return controls.filter(sabotaged).map(({ id }) => id)
  }
  expect(chosen()).toEqual(['SEC-12', 'API-01'])
  expect(chosen(['src/b.ts'])).toEqual(['API-01'])
  expect(chosen(['readiness/catalogue/security.ts'])).toEqual(['SEC-12'])
  expect(chosen(['README.md'])).toEqual(['SEC-12', 'API-01'])
  expect(controls.filter(read().sabotages(controls, undefined))).toEqual([])
})

test('a target has a report folder of its own', () => {
  expect(read('--target', 'https://api.example.com').report).toBe('/root/readiness-report/api.example.com')
  expect(read().report).toBe('/root/readiness-report')
})

test.each([
  [['--nonsense'], /Options: --list/],
  [['--tier', 'quick'], /one of fast, slow, docker, all/],
  [['--area', 'XXX'], /one of SEC/],
  [['--target', 'ftp://x'], /URL with http/],
  [['--target', 'http://x', '--sabotage'], /nothing is broken there/],
  [['--sign-off', 'Ada'], /--role security/],
  [['--role', 'qa'], /--sign-off NAME/],
  [['--sign-off', 'Ada', '--role', 'king'], /--role security/],
])('%j makes no sense, and the message says what would', (words, message) => {
  expect(() => read(...words)).toThrow(UsageError)
  expect(() => read(...words)).toThrow(message)
})
