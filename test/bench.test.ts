// The bench's arithmetic and its documents, with figures that stand fixed; what is measured changes with each machine.
import { expect, test } from 'vitest'
import { type Figure, isMet } from '../bench/case.ts'
import { chartOf } from '../bench/chart.ts'
import { pairOf, workers } from '../bench/data.ts'
import { readOptions, UsageError } from '../bench/options.ts'
import { documentOf, jsonOf, textOf } from '../bench/report.ts'
import { compare } from '../bench/rounds.ts'
import type { Side } from '../bench/side.ts'

const sides = [
  { name: 'service', rate: 400, cpu: 0.2 },
  { name: 'bare', rate: 1000, cpu: 0.1 },
]
const figures: Figure[] = [
  { name: 'fast', title: 'Fast <enough>', unit: 'ratio', aim: { least: 0.8 }, value: 0.9, spread: [0.85, 0.95], sides },
  { name: 'slow', title: 'Slow', unit: 'ratio', aim: { least: 0.8 }, value: 0.4 },
  { name: 'told', title: 'Told', unit: 'ratio', value: 0.05 },
  { name: 'start', title: 'Start', unit: 'ms', aim: { most: 2000 }, value: 1500 },
  { name: 'void', title: 'Void', unit: 'ratio', aim: { least: 0.5 }, why: 'void' },
]
const machine = { cores: 2, cpu: 'Some CPU', node: 'v26', commit: 'abc', date: '2026-11-27' }

test('what is not measured has not met its aim, and what has none is told', () => {
  expect(figures.map(isMet)).toEqual([true, false, undefined, true, false])
  expect(jsonOf(figures)).toEqual([
    { name: 'fast', value: 0.9, aim: 0.8, met: true },
    { name: 'slow', value: 0.4, aim: 0.8, met: false },
    { name: 'told', value: 0.05, aim: null, met: null },
    { name: 'start', value: 1500, aim: 2000, met: true },
    { name: 'void', value: null, aim: 0.5, met: false },
  ])
})

test('sides are measured in turn, and a ratio is the median of the rounds', async () => {
  const order: string[] = []
  const side = (name: string, rates: number[]): Side => ({
    name,
    warm: 1,
    measure: async () => {
      order.push(name)
      return { count: 1, rate: rates.shift() ?? 0, cpu: undefined }
    },
  })
  const { over } = await compare([side('A', [1, 10, 30, 20]), side('B', [1, 10, 10, 10])], 3)
  expect(order.join('')).toBe('ABABABAB')
  expect(over(1)).toMatchObject({ value: 2, spread: [1, 3], sides: [{ rate: 20 }, { rate: 10 }] })
})

test('each figure has a line of text, and a bar where it is a ratio that was measured', () => {
  expect(textOf(figures).split('\n')).toHaveLength(6)
  expect(textOf(figures)).toMatch(
    /Fast <enough> +0\.90 +0\.85 to 0\.95 +≥ 0\.80 +yes +service 400, bare 1000 +0\.20, 0\.10/,
  )
  const chart = chartOf(figures)
  expect(chart.match(/<rect class="(met|missed|told)"/g)).toEqual([
    '<rect class="met"',
    '<rect class="missed"',
    '<rect class="told"',
  ])
  expect(chart).toContain('Fast &#60;enough&#62;')
})

test('the document keeps what people wrote around its generated part', () => {
  const [begin, end] = ['<!-- made by npm run bench -- --write: -->', '<!-- end of what is made -->']
  const made = documentOf(`# Before\n${begin}\nfigures of before\n${end}\n## After\n`, figures, '', machine)
  expect(made).toMatch(/^# Before\n.*On 2 cores \(Some CPU\), Node v26, commit abc, 2026-11-27.*\n## After\n$/s)
  expect(made).not.toContain('figures of before')
  expect(() => documentOf('# Before', figures, '', machine)).toThrow('has not once')
})

test('no two numbers are the same pair of worker and job, and neighbours share neither', () => {
  const jobs = 50
  const pairs = Array.from({ length: workers * 3 }, (_, number) => pairOf(number, jobs))
  expect(new Set(pairs.map(({ worker, job }) => `${worker} ${job}`)).size).toBe(pairs.length)
  expect(pairs.every(({ job }, at) => at === 0 || job !== pairs[at - 1]?.job)).toBe(true)
})

test('an option that means nothing is refused', () => {
  expect(readOptions(['--only', 'page', '--json', 'out'], ['page'])).toMatchObject({
    only: ['page'],
    rounds: 5,
    json: 'out',
  })
  for (const wrong of [
    ['--only', 'nothing'],
    ['--rounds', '2'],
    ['--json', ''],
    ['--write', '--only', 'page'],
    ['--fast'],
  ])
    expect(() => readOptions(wrong, ['page'])).toThrow(UsageError)
})
