import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createAdmission, type Refusal, type Turn } from './admission.ts'

/** What is decided so far: a refusal, `in`, or `waits`. */
const decided = ({ refusal }: Turn) =>
  Promise.race([refusal.then((why): Refusal | 'in' => why ?? 'in'), delay(0, 'waits' as const)])

const open = (changes: Partial<Parameters<typeof createAdmission>[0]> = {}) =>
  createAdmission({ concurrent: 1, waiting: 2, wait: 60_000, ...changes })

test('as many are let in as there are places, as many wait as may, and the rest is refused at once', async () => {
  const { enter, working, waiting } = open()
  const turns = Array.from({ length: 4 }, () => enter(0))
  expect(await Promise.all(turns.map(decided))).toEqual(['in', 'waits', 'waits', 'queue-full'])
  expect([working(), waiting()]).toEqual([1, 2])
  for (const { leave } of turns) leave()
  expect([working(), waiting()]).toEqual([0, 0])
})

test('a place that is given back goes to the one of the highest rank, and among equals to the one who came first', async () => {
  const { enter } = open({ waiting: 9 })
  const first = enter(0)
  const order: string[] = []
  const turns = [
    ['browsing', 0],
    ['money', 4],
    ['browsing too', 0],
    ['writing', 2],
    ['more money', 4],
  ].map(([name, rank]) => {
    const turn = enter(rank as number)
    return turn.refusal.then(() => {
      order.push(String(name))
      turn.leave()
    })
  })
  first.leave()
  await Promise.all(turns)
  expect(order).toEqual(['money', 'more money', 'writing', 'browsing', 'browsing too'])
})

test('while what all need is taken only who finds nobody at work is let in, and one for each who comes or leaves when it is free', async () => {
  let isBusy = true
  const { enter, working, waiting } = open({ concurrent: 5, isBusy: () => isBusy })
  const turns = [enter(0), enter(0), enter(0)] as const
  expect(await Promise.all(turns.map(decided))).toEqual(['in', 'waits', 'waits'])
  isBusy = false
  const late = enter(0)
  expect(await Promise.all([...turns, late].map(decided))).toEqual(['in', 'in', 'waits', 'waits'])
  turns[0].leave()
  expect(await Promise.all([turns[2], late].map(decided))).toEqual(['in', 'waits'])
  expect([working(), waiting()]).toEqual([2, 1])
})

test('in a full queue the last of a lower rank gives way, and one of the same rank does not', async () => {
  const { enter, hasRoom } = open()
  const [, early, late] = [enter(0), enter(0), enter(0)] as const
  expect([hasRoom(0), hasRoom(1)]).toEqual([false, true])
  const money = enter(4)
  expect([await decided(early), await decided(late), await decided(money)]).toEqual(['waits', 'gave-way', 'waits'])
  expect(await decided(enter(0))).toBe('queue-full')
})

test('who waits longer than allowed is refused, and a place that comes free later goes to no one', async () => {
  const { enter, working, waiting } = open({ wait: 20 })
  const first = enter(0)
  expect(await enter(0).refusal).toBe('waited-too-long')
  expect(waiting()).toBe(0)
  first.leave()
  expect(working()).toBe(0)
})

test('who leaves the queue is not let in, and leaving twice gives back one place', async () => {
  const { enter, working, waiting } = open({ waiting: 3 })
  const [first, gone, next, last] = [enter(0), enter(0), enter(0), enter(0)] as const
  gone.leave()
  gone.leave()
  first.leave()
  first.leave()
  expect(await Promise.all([gone, next, last].map(decided))).toEqual(['waits', 'in', 'waits'])
  expect([working(), waiting()]).toEqual([1, 1])
})

test('without room to wait there are only places', async () => {
  const { enter, waiting } = open({ waiting: 0 })
  const first = enter(0)
  expect(await decided(enter(4))).toBe('queue-full')
  first.leave()
  expect(await decided(enter(0))).toBe('in')
  expect(waiting()).toBe(0)
})

test('thousands who come, wait, give up and leave in any order leave every place free', async () => {
  const { enter, working, waiting } = open({ concurrent: 7, waiting: 20, wait: 5 })
  let most = 0
  await Promise.all(
    Array.from({ length: 5000 }, async (_, index) => {
      await delay(index % 50)
      const { refusal, leave } = enter(index % 5)
      if (index % 7 === 0) return leave()
      if (await refusal) return
      most = Math.max(most, working())
      await delay(index % 3)
      leave()
    }),
  )
  await delay(10)
  expect([most, working(), waiting()]).toEqual([7, 0, 0])
})
