import { expect, test, vi } from 'vitest'
import { createReplay } from './replay.ts'

const at = (now: number) => vi.spyOn(performance, 'now').mockReturnValue(now)

test('nothing is known of a standby before it has reached a place of the primary', () => {
  const replay = createReplay()
  expect(replay.age()).toBe(Number.POSITIVE_INFINITY)
  replay.primaryIsAt('0/200', 1000)
  replay.standbyIsAt('0/1FF')
  expect(replay.age()).toBe(Number.POSITIVE_INFINITY)
  expect(replay.lacked()).toBe(Number.POSITIVE_INFINITY)
})

test('a standby is as old as the newest place of the primary that it has reached', () => {
  const replay = createReplay()
  replay.primaryIsAt('0/FFFFFF00', 1000)
  replay.primaryIsAt('1/10', 2000)
  replay.primaryIsAt('1/20', 3000)
  replay.standbyIsAt('1/1F')
  at(3500)
  expect(replay.age()).toBe(1500)
  expect(replay.lacked()).toBe(1000)
})

test('one that stands still grows older, and one that follows a primary at rest does not', () => {
  const replay = createReplay()
  for (const now of [1000, 2000, 3000]) {
    replay.primaryIsAt('0/100', now)
    replay.standbyIsAt('0/100')
  }
  at(3100)
  expect(replay.age()).toBe(100)
  replay.primaryIsAt('0/200', 4000)
  replay.standbyIsAt('0/100')
  at(9000)
  expect(replay.age()).toBe(6000)
  expect(replay.lacked()).toBe(1000)
})

test('what a primary that is gone has not said does not count: the standby lacks what it lacked then', () => {
  const replay = createReplay()
  replay.primaryIsAt('0/100', 1000)
  replay.standbyIsAt('0/100')
  at(60_000)
  expect(replay.age()).toBe(59_000)
  expect(replay.lacked()).toBe(0)
})

test('a standby that follows no more is unknown, and one long behind forgets places without forgetting its own', () => {
  const replay = createReplay()
  replay.primaryIsAt('0/100', 0)
  replay.standbyIsAt('0/100')
  for (let place = 1; place <= 300; place++) replay.primaryIsAt(`1/${place.toString(16)}`, place * 1000)
  replay.standbyIsAt('0/100')
  at(300_000)
  expect(replay.age()).toBe(300_000)
  replay.standbyIsAt('1/12C')
  expect(replay.age()).toBe(0)
  replay.standbyIsNone()
  expect(replay.age()).toBe(Number.POSITIVE_INFINITY)
})
