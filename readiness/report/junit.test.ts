import { expect, test } from 'vitest'
import { renderJunit } from './junit.ts'
import { hostile, sampleControl, sampleReport, sampleSabotage } from './sample.ts'

const junitOf = (given: Parameters<typeof sampleControl>[0]) =>
  renderJunit(sampleReport({ controls: [sampleControl({ sabotages: [], ...given })] }))

test('there is one suite an area and one case a control, named after both', () => {
  const junit = renderJunit(sampleReport())
  expect(junit.match(/<testsuite /g)).toHaveLength(5)
  expect(junit).toContain('<testsuite name="security" tests="11"')
  expect(junit).toContain('<testcase classname="readiness.security" name="SEC-17 (must) A refused call is 429')
})

test('a failing control is a failure with its reason and its evidence', () => {
  const junit = junitOf({ status: 'failing', reason: 'never-refused' })
  expect(junit).toContain('<failure message="never-refused" type="failing">')
  expect(junit).toContain('Runbook: docs/runbooks/rate-limit.md')
  expect(junit).toContain('tests="1" failures="1" errors="0" skipped="0"')
})

test.each([
  ['claimed', 'anything', 'claimed: no sabotage was run'],
  ['missing', 'not in the catalogue', 'missing: not in the catalogue'],
  ['not-verified', 'no docker here', 'not-verified: no docker here'],
  ['waived', 'pool-exhausted', 'waived: pool-exhausted'],
] as const)('a %s control is skipped, and says why', (status, reason, message) => {
  expect(junitOf({ status, reason })).toContain(`<skipped message="${message}"/>`)
})

test('a verified control passes', () => {
  expect(junitOf({})).not.toMatch(/<failure|<skipped/)
})

test.each(['survived', 'wrong-reason', 'not-applied', 'undo-failed'] as const)(
  'a sabotage that is %s is a failure',
  (verdict) => {
    const junit = junitOf({ sabotages: [sampleSabotage(verdict)] })
    expect(junit).toContain(`name="SEC-17 sabotage (source): the field is dropped (${verdict})"`)
    expect(junit).toContain(`type="${verdict}"`)
  },
)

test('a proven sabotage passes and one that was not run is skipped', () => {
  const junit = junitOf({ sabotages: [sampleSabotage('proven'), sampleSabotage('none')] })
  expect(junit).toContain('tests="3" failures="0" errors="0" skipped="1"')
  expect(junit).toContain('<skipped message="not run: run it with --sabotage"/>')
})

test('text is escaped, and what XML can not carry is dropped', () => {
  const junit = junitOf({ status: 'failing', reason: hostile })
  expect(junit).toContain('&lt;/script&gt;&lt;/style&gt;&lt;img src=x onerror=&quot;')
  expect(junit).not.toMatch(/[\0\ufffe\uffff]|<img|]]>/)
  expect(junit.isWellFormed()).toBe(true)
})
