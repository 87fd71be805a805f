import { expect, test } from 'vitest'
import { renderBadge } from './badge.ts'
import { sampleControl, sampleReport } from './sample.ts'

const [red, grey, green] = ['#b3261e', '#5a6472', '#17703f']

test('the badge counts, and says it to those who do not see it', () => {
  expect(renderBadge(sampleReport())).toContain('<title>readiness: 3 of 10 verified, 3 failing</title>')
})

test('a failing must makes it red, whatever else was reached', () => {
  const controls = [sampleControl(), sampleControl({ status: 'failing' })]
  expect(renderBadge(sampleReport({ controls, reached: 'all' }))).toContain(red)
})

test('a failing should alone does not', () => {
  const controls = [sampleControl(), sampleControl({ status: 'failing', level: 'should' })]
  expect(renderBadge(sampleReport({ controls, reached: 'musts' }))).toContain(green)
})

test.each([
  ['none', grey],
  ['musts', green],
  ['all', green],
] as const)('a run without failing musts that reached %s is %s', (reached, color) => {
  expect(renderBadge(sampleReport({ controls: [sampleControl()], reached }))).toContain(`fill="${color}"`)
})
