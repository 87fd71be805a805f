import { expect, test, vi } from 'vitest'
import { repeat } from './repeat.ts'

test('work is done once before anyone goes on, then again and again, whether it rejects or not, until it is closed', async () => {
  const errors: unknown[] = []
  let turns = 0
  const work = async () => {
    turns++
    if (turns === 2) throw new Error('for once')
  }
  const repeated = await repeat(work, { every: 1, onError: (error) => errors.push(error) })
  expect(turns).toBeGreaterThan(0)
  await vi.waitUntil(() => turns > 3)
  await repeated.close()
  const end = turns
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect([turns, errors]).toEqual([end, [new Error('for once')]])
})

test('a turn that is under way at the close is the last', async () => {
  const held = Promise.withResolvers<void>()
  let turns = 0
  const repeated = await repeat(() => (turns++ === 0 ? Promise.resolve() : held.promise), { every: 1 })
  await vi.waitUntil(() => turns === 2)
  await repeated.close()
  held.resolve()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(turns).toBe(2)
})
