import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createSeal, readKeys } from './seal.ts'

const key = (name: string) => `${name}:${randomBytes(32).toString('base64')}`
const [first, second] = [key('first'), key('second')]
const seal = createSeal(first)

test('what is sealed is opened for its purpose, and carries the name of its key', () => {
  const sealed = seal.seal('a seed', 'totp:1')
  expect([seal.open(sealed, 'totp:1').toString(), sealed.split('.')[0]]).toEqual(['a seed', 'first'])
  expect(sealed).not.toContain('a seed')
  expect(seal.seal('a seed', 'totp:1')).not.toBe(sealed)
})

test('it is not opened for another purpose, by another key of the name, or when it was changed', () => {
  const sealed = seal.seal('a seed', 'totp:1')
  const [name, nonce, tag, text = ''] = sealed.split('.')
  const changed = [name, nonce, tag, `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`].join('.')
  const shortTag = [name, nonce, tag?.slice(0, 8), text].join('.')
  expect(() => seal.open(sealed, 'totp:2')).toThrow()
  expect(() => createSeal(key('first')).open(sealed, 'totp:1')).toThrow()
  for (const other of [changed, shortTag, 'first.a', '']) expect(() => seal.open(other, 'totp:1')).toThrow()
})

test('keys change while it is in use: the first one seals, and all open', () => {
  const moving = createSeal(first)
  const old = moving.seal('a seed', 'p')
  expect([moving.use(`${second},${first}`), moving.use(`${second},${first}`)]).toEqual([true, false])
  expect([moving.open(old, 'p').toString(), moving.isCurrent(old), moving.currentName()]).toEqual([
    'a seed',
    false,
    'second',
  ])
  moving.use(second)
  expect(() => moving.open(old, 'p')).toThrow('not among ENCRYPTION_KEYS')
})

test('keys that are none change nothing', () => {
  const moving = createSeal(first)
  expect(() => moving.use('a key')).toThrow()
  expect(moving.open(moving.seal('a seed', 'p'), 'p').toString()).toBe('a seed')
})

test('a key that is named by its time opens at once, and seals when every process has had the time to read it', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-25T10:00:00Z') })
  onTestFinished(() => void vi.useRealTimers())
  const moving = createSeal(`${key('20261125t100000z')},${first}`, 60_000)
  expect(moving.currentName()).toBe('first')
  vi.setSystemTime(Date.parse('2026-11-25T10:01:00Z'))
  expect(moving.currentName()).toBe('20261125t100000z')
})

test.each([
  '',
  'a:c2hvcnQ=',
  `${first},${first}`,
  `${first},`,
  `Name:${randomBytes(32).toString('base64')}`,
  `${first}:x`,
])('%j is no list of keys', (list) => {
  expect(() => readKeys(list)).toThrow()
})
