import { expect, test } from 'vitest'
import { isCron, isOverdue } from './cron.ts'

test.each(['* * * * *', '*/10 * * * *', '17 3 * * *', '30 7 * * 1', '* * * * * *', '0 0 1 JAN *'])(
  '%s is a pattern',
  (text) => expect(isCron(text)).toBe(true),
)

test.each(['', '*', 'hourly', '@daily', '61 * * * *', '* * * *', '* * * * * * *', '* * * *  *', '1,,2 * * * *'])(
  '%j is none',
  (text) => expect(isCron(text)).toBe(false),
)

const at = (time: string) => new Date(`2026-03-29T${time}Z`)

test('overdue is what was due twice since it was last done, the second time longer ago than the grace', () => {
  const hourly = '0 * * * *'
  // Due at 10:00, 11:00 and 12:00.
  expect(isOverdue(hourly, at('10:00:00'), at('11:30:00'), 60_000)).toBe(false)
  expect(isOverdue(hourly, at('10:00:00'), at('12:00:30'), 60_000)).toBe(false)
  expect(isOverdue(hourly, at('10:00:00'), at('12:01:01'), 60_000)).toBe(true)
  expect(isOverdue(hourly, at('11:00:00'), at('12:59:00'), 60_000)).toBe(false)
  // What is known for half an hour was due at most once.
  expect(isOverdue(hourly, at('11:30:00'), at('12:40:00'), 60_000)).toBe(false)
})

test('times are UTC: a day on which clocks change has 24 hours', () => {
  const nightly = '30 1 * * *'
  const [before, day] = [new Date('2026-03-28T01:30:00Z'), 86_400_000]
  expect(isOverdue(nightly, before, new Date(before.getTime() + 2 * day + 59_000), 60_000)).toBe(false)
  expect(isOverdue(nightly, before, new Date(before.getTime() + 2 * day + 61_000), 60_000)).toBe(true)
})
