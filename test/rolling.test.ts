// The small size of `npm run test:rolling`, and whether its count would notice.
import { expect, test } from 'vitest'
import { findFaults } from '../tools/rolling/findings.ts'
import type { Outcome } from '../tools/rolling/load.ts'
import { startLoad } from '../tools/rolling/load.ts'
import { readOptions, UsageError } from '../tools/rolling/options.ts'
import { titleOf } from '../tools/rolling/requests.ts'

const answered = (number: number, id: string): Outcome => ({
  ...{ number, name: 'draft', status: 201, text: JSON.stringify({ id }), fields: {}, late: 0, took: 1 },
})
type Rows = { rows: { title?: string; key?: string; id: string }[] }
const database = (jobs: [number, string][], keys: [string, string][]) => async (text: string) =>
  (text.includes('FROM jobs')
    ? { rows: jobs.map(([number, id]) => ({ title: titleOf('run', number), id })) }
    : { rows: keys.map(([key, id]) => ({ key, id })) }) as Rows

test('writes that all have one row and one key have no fault', async () => {
  const query = database(
    [
      [3, 'a'],
      [6, 'b'],
    ],
    [
      ['run-3', 'a'],
      ['run-6', 'b'],
    ],
  )
  expect((await findFaults(query, 'run', [answered(3, 'a'), answered(6, 'b')])).faults).toEqual([])
})

test('a write that is not there, one that was done twice and a row without key are told', async () => {
  const query = database(
    [
      [3, 'a'],
      [3, 'c'],
      [9, 'd'],
    ],
    [['run-3', 'a']],
  )
  const { faults } = await findFaults(query, 'run', [answered(3, 'a'), answered(6, 'b')])
  expect(faults).toEqual([
    '1 writes were answered and are not there, such as 6',
    '1 writes were done more than once, such as Rolling run 3',
    '1 rows have not exactly one key, which is theirs, such as Rolling run 9',
  ])
})

test('a run in which no write was answered has examined nothing', async () => {
  expect((await findFaults(database([], []), 'run', [])).faults).toEqual([
    'no write was answered: nothing was examined',
  ])
})

test('requests leave by the clock while no answer comes, and each is sent once', async () => {
  const sent: string[] = []
  const answers = Promise.withResolvers<{ status: number; text: string; fields: Record<string, string> }>()
  const client = {
    ask: ({ path }: { path: string }) => {
      sent.push(path)
      return answers.promise
    },
  }
  const requestOf = (number: number) => ({ name: 'one', method: 'GET', path: `/${number}` })
  const load = startLoad({ client, rate: 1000, requestOf })
  await expect.poll(() => load.underWay()).toBeGreaterThan(50)
  answers.resolve({ status: 503, text: '', fields: {} })
  const { outcomes } = await load.stop()
  expect(outcomes.length).toBe(sent.length)
  expect(new Set(sent).size).toBe(sent.length)
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set([503]))
})

test.each([
  [['--rate', 'fast'], '--rate is a whole number from 10 to 10000, not fast'],
  [['--seconds', '1'], '--seconds is a whole number from 5 to 3000, not 1'],
  [['--target', 'https://example.com'], '--target is an address of this machine'],
  [['--ca', 'ca.pem'], '--ca is for a --target'],
  [['--speed', '1'], "Unknown option '--speed'"],
])('%j is refused with what is wrong', (args, reason) => {
  expect(() => readOptions(args)).toThrow(UsageError)
  expect(() => readOptions(args)).toThrow(reason)
})

test('what is not said is a thousand a second for a minute, on a service of its own', () => {
  expect(readOptions([])).toEqual({ rate: 1000, seconds: 60, target: undefined, ca: undefined })
})
