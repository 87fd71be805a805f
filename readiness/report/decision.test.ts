import { expect, test } from 'vitest'
import { decide } from './decision.ts'
import type { CheckedSignOff, Report } from './report.schemas.ts'
import { sampleControl, sampleReport, sampleSignOffs, soundReport } from './sample.ts'

const reasonsFor = (report: Report, signOffs: CheckedSignOff[] = sampleSignOffs()) =>
  decide(report, signOffs).reasons.map(({ text, controls }) => [text, ...controls].join(' '))
const signOffsWith = (role: string, given: Partial<CheckedSignOff>) =>
  sampleSignOffs().map((signOff) => (signOff.role === role ? { ...signOff, ...given } : signOff))

test('every must held and six valid sign-offs are GO', () => {
  expect(decide(soundReport(), sampleSignOffs())).toEqual({ go: true, reasons: [] })
  expect(decide({ ...soundReport(), reached: 'musts' }, sampleSignOffs()).go).toBe(true)
})

test('a waived must and a failing should do not stand against it', () => {
  const controls = [sampleControl({ status: 'waived' }), sampleControl({ level: 'should', status: 'failing' })]
  expect(reasonsFor({ ...soundReport(), reached: 'musts', controls })).toEqual([])
})

test('the reasons name failing musts, count the others, and name a dirty tree and the roles that have not signed', () => {
  expect(reasonsFor(sampleReport(), sampleSignOffs().slice(0, 4))).toEqual([
    '2 musts fail: SEC-19 SEC-20',
    '1 must is missing: nothing proves them yet.',
    '1 must was not verified by this run.',
    '1 must is only claimed: no sabotage was run.',
    'The tree was dirty: the files differed from the commit, so nobody can sign this.',
    'Not signed by product, management.',
  ])
})

test('a failing must is NO GO even when the report says that all was reached', () => {
  expect(reasonsFor({ ...soundReport(), controls: [sampleControl({ status: 'failing' })] })).toEqual([
    '1 must fails: SEC-17',
  ])
})

test('a run that reached nothing is NO GO even when its list looks complete, and so is an empty list', () => {
  expect(reasonsFor({ ...soundReport(), reached: 'none' })).toEqual(['The run did not reach every must.'])
  expect(reasonsFor({ ...soundReport(), controls: [] })).toEqual(['The report has no controls.'])
})

test('an invalid sign-off is no sign-off', () => {
  const signOffs = signOffsWith('qa', { valid: false, why: 'it is not of this commit' })
  expect(reasonsFor(soundReport(), signOffs)).toEqual([
    'Not signed by qa.',
    'The sign-off of Alan Turing (qa) is invalid: it is not of this commit.',
  ])
})

test('an older, invalid sign-off of a role that signed again blocks nothing', () => {
  const old = signOffsWith('qa', { valid: false, why: 'it is of another report' }).filter(({ role }) => role === 'qa')
  expect(reasonsFor(soundReport(), [...old, ...sampleSignOffs()])).toEqual([])
})
