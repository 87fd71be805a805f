import { expect, test } from 'vitest'
import { createHistory } from './history.ts'

function history() {
  const kept = createHistory()
  kept.create('job', 1)
  kept.write('job', { version: 2, begun: 1000, ended: 1100, isMade: true })
  const read = (version: number, begun: number, bound = 0) =>
    kept.read({ of: 'job', version, begun, ended: begun + 50, bound })
  return { ...kept, readAt: read }
}

test('a read that shows what was answered before it is true, and one that shows less is not', () => {
  const { readAt, wrong } = history()
  readAt(1, 500)
  readAt(2, 1200)
  expect(wrong()).toEqual([])
  readAt(1, 1200)
  expect(wrong()).toMatchObject([{ least: 2, most: 2, read: { version: 1, begun: 1200 } }])
})

test('beside a write both may be seen, and within its bound a read may be old', () => {
  const { readAt, wrong } = history()
  readAt(1, 1050)
  readAt(2, 1050)
  readAt(1, 2000, 1000)
  expect(wrong()).toEqual([])
  readAt(1, 2101, 1000)
  expect(wrong()).toHaveLength(1)
})

test('what nobody knows may be or not, what was refused may not, and what nobody wrote never', () => {
  const { readAt, wrong, write } = history()
  write('job', { version: 3, begun: 3000, ended: 3100 })
  readAt(2, 4000)
  readAt(3, 4000)
  expect(wrong()).toEqual([])
  readAt(4, 4000)
  readAt(3, 2000)
  expect(wrong()).toHaveLength(2)
  const refused = history()
  refused.write('job', { version: 3, begun: 3000, ended: 3100, isMade: false })
  refused.readAt(3, 4000)
  expect(refused.wrong()).toHaveLength(1)
})
