import { expect, test } from 'vitest'
import type { Line, PanelData } from './dashboard-data.ts'
import { renderDashboards } from './dashboard-page.ts'

const span = { from: 1_700_000_000, to: 1_700_000_600, step: 60 }
const line = (name: string, ...values: number[]): Line => ({
  name,
  points: values.map((value, at) => [span.from + at * 60, value]),
})
const page = (panel: Partial<PanelData>) => {
  const panels = [{ title: 'Size', unit: 'bytes', kind: 'timeseries', about: '', lines: [], ...panel }]
  const boards = [{ uid: 'stores', title: 'Seaworthy: Stores', rows: [{ title: 'PostgreSQL', panels }] }]
  return renderDashboards({ boards, span, source: '127.0.0.1:9090' })
}

test('a line has its name, its last value in the unit, and an axis that ends at a round number', () => {
  const html = page({ lines: [line('database', 1024 ** 2, 3 * 1024 ** 2)] })
  expect(html).toContain('<span>database</span><b>3 MiB</b>')
  expect(html).toContain('>4 MiB</text>')
})

test('a value that is no number is a gap, and a point alone is seen', () => {
  const html = page({ lines: [line('database', 1, Number.NaN, 1)] })
  expect(html.match(/<path class="line c0" d="(M[^"]+)"/)?.[1]?.match(/M[^M]*h[.]5/g)).toHaveLength(2)
})

test('of many lines the greatest are shown and the rest are folded away', () => {
  const html = page({ lines: Array.from({ length: 12 }, (_, at) => line(`line-${at}`, at)) })
  expect(html).toContain('<summary>4 more</summary>')
  expect(html.indexOf('line-11')).toBeLessThan(html.indexOf('line-3<'))
})

test('a panel without data and one whose query is refused say so', () => {
  expect(page({})).toContain('No data')
  expect(page({ problem: 'parse error' })).toContain('The query is refused: parse error')
})

test('hostile labels are inert, and the page asks for nothing', () => {
  const html = page({ title: '<script>1</script>', lines: [line('<img src=x onerror=1>', 1)] })
  expect(html).not.toMatch(/<script|<img|https?:/)
})
