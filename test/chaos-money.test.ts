// The small size of `npm run chaos:money`.
import { expect, test } from 'vitest'
import { playMoneyChaos } from '../tools/chaos-money.ts'
import { createTestDatabase } from './database.ts'

test('whatever is killed, cut or lost while money moves, the books add up afterwards', async () => {
  const { ownerUrl, appUrl, adminUrl } = await createTestDatabase()
  const play = { ownerUrl, appUrl, adminUrl, operations: 150, seed: 7, say: () => {} }
  const { answers, troubles, faults } = await playMoneyChaos(play)
  expect(faults).toEqual([])
  // It examined something: money moved, and things went wrong.
  const count = (line: RegExp) =>
    Object.entries(answers).reduce((sum, [answer, times]) => sum + (line.test(answer) ? times : 0), 0)
  expect(count(/funding 20/)).toBeGreaterThan(2)
  expect(count(/(delivery|approval|dispute|resolution|cancellation) 200/)).toBeGreaterThan(2)
  expect(Object.keys(troubles).length).toBeGreaterThan(2)
}, 240_000)
