import { expect, test } from 'vitest'
import { choose, type Setting } from './provider.ts'

const people = Array.from({ length: 2000 }, (_, at) => ({ targetingKey: `person ${at}`, role: 'client' }))
const share = (on: number): Setting => ({
  isOn: true,
  otherwise: 'off',
  rules: [],
  split: [
    { variant: 'on', percent: on },
    { variant: 'off', percent: 100 - on },
  ],
})
const whoHas = (name: string, setting: Setting) =>
  new Set(people.filter((person) => choose(name, setting, person).variant === 'on'))

test.each([0, 1, 25, 50, 99, 100])('%i percent of people have what is given to them', (percent) => {
  const has = (whoHas('any', share(percent)).size / people.length) * 100
  // Four standard deviations of a share of 2,000.
  expect(Math.abs(has - percent)).toBeLessThanOrEqual(4 * Math.sqrt((percent * (100 - percent)) / people.length))
})

test('a share that grows keeps whom it had', () => {
  const [some, more] = [whoHas('any', share(20)), whoHas('any', share(30))]
  expect(more.size).toBeGreaterThan(some.size)
  expect(some.difference(more).size).toBe(0)
})

test('the people of one flag are not those of another', () => {
  const both = whoHas('one', share(50)).intersection(whoHas('other', share(50)))
  expect(both.size / people.length).toBeCloseTo(0.25, 1)
})

test('what is off is off for everyone, whatever the rules', () => {
  const setting = { ...share(100), isOn: false, rules: [{ roles: ['client' as const], variant: 'on' }] }
  expect(choose('any', setting, people[0] ?? {})).toEqual({ variant: 'off', reason: 'DISABLED' })
})

test('the first rule that fits counts, before the share', () => {
  const rules: Setting['rules'] = [
    { roles: ['admin'], tenants: ['t1'], variant: 'off' },
    { roles: ['admin', 'support'], variant: 'on' },
    { tenants: ['t2'], variant: 'on' },
  ]
  const chosen = (role: string, tenant?: string) =>
    choose('any', { ...share(0), rules }, { targetingKey: 'somebody', role, ...(tenant && { tenant }) })
  expect(chosen('admin', 't1')).toEqual({ variant: 'off', reason: 'TARGETING_MATCH' })
  expect(chosen('admin', 't3')).toEqual({ variant: 'on', reason: 'TARGETING_MATCH' })
  expect(chosen('client', 't2')).toEqual({ variant: 'on', reason: 'TARGETING_MATCH' })
  expect(chosen('client', 't1')).toEqual({ variant: 'off', reason: 'SPLIT' })
  expect(chosen('client')).toEqual({ variant: 'off', reason: 'SPLIT' })
})

test('whoever has no name gets what nobody has chosen for them', () => {
  expect(choose('any', share(100), { role: 'client' })).toEqual({ variant: 'off', reason: 'DEFAULT' })
})
