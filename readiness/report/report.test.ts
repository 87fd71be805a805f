import { expect, test } from 'vitest'
import { type Control, type ControlId, control, source } from '../control.ts'
import type { Outcome } from '../runner/examine.ts'
import type { Finding } from '../runner/schedule.ts'
import { exitCode, unsoundOf } from '../runner/verdict.ts'
import type { SabotageVerdict, Status, Waiver } from './report.schemas.ts'
import { type Facts, makeReport } from './report.ts'

const green: Outcome = { kind: 'green', evidence: { seen: 1 } }

const built = (id: ControlId, given: Partial<Control> = {}) =>
  control({
    id,
    level: 'must',
    holds: 'It holds.',
    because: 'It is asked for.',
    code: [],
    runbook: '',
    needs: [],
    probe: async () => ({}),
    sabotages: [source('broken', 'a', 'b', 'c', { red: 'd' })],
    ...given,
  })

const found = (
  of: Control,
  outcome: Outcome = green,
  verdict: SabotageVerdict = 'proven',
  sabotaged = true,
): Finding => {
  const sabotages = [{ name: 'broken', kind: 'source' as const, expected: 'd', verdict, reason: '', seconds: 1 }]
  return { control: of, outcome, at: '2026-11-25T10:00:00.000Z', seconds: 1, sabotaged, sabotages }
}

const facts = (commit: string, given: { dirty?: boolean; lacks?: 'docker'[] } = {}): Facts => ({
  run: {
    commit,
    dirty: given.dirty ?? false,
    versions: {},
    start: '2026-11-25T10:00:00.000Z',
    end: '2026-11-25T10:01:00.000Z',
    seconds: 60,
    target: 'local',
    arguments: [],
  },
  machine: { platform: 'linux', cores: 2, memoryGiB: 24, lacks: given.lacks ?? [] },
  today: '2026-11-25',
})

const homeOf = (
  catalogue: Control[],
  given: { waivers?: Waiver[]; exempt?: string[]; missing?: ControlId[] } = {},
) => ({
  catalogue,
  list: [...catalogue.map(({ id, level }) => ({ id, level, holds: '' })), ...(given.missing ?? []).map(missing)],
  waivers: given.waivers ?? [],
  risks: [],
  exemptions: [{ without: 'docker' as const, controls: given.exempt ?? [], why: 'There is no Docker here.' }],
})
const missing = (id: ControlId) => ({ id, level: 'must' as const, holds: '' })

const [a, b] = [built('SEC-01'), built('SEC-02')]
const statusOf = (...findings: Finding[]) =>
  makeReport({ home: homeOf([a]), findings, previous: undefined }, facts('c1')).controls[0]

test.each<[Finding, Status, RegExp]>([
  [found(a), 'verified', /^$/],
  [found(a, green, 'none'), 'claimed', /1 of 1 sabotages were not run/],
  [found(a, green, 'survived'), 'failing', /sabotage survived: broken/],
  [found(a, green, 'wrong-reason'), 'failing', /wrong-reason/],
  [found(a, green, 'not-applied'), 'failing', /not-applied/],
  [found(a, green, 'undo-failed'), 'failing', /undo-failed/],
  [found(a, { kind: 'red', reason: 'gone', detail: 'gone: away' }), 'failing', /^gone: away/],
  [found(a, { kind: 'crash', detail: 'oops' }), 'failing', /^crash: oops/],
  [found(a, { kind: 'no-stack', detail: 'port taken' }), 'failing', /^no-stack: port taken/],
])('what was found gives the status %#', (finding, status, reason) => {
  expect(statusOf(finding)).toMatchObject({ status, reason: expect.stringMatching(reason) })
})

test('a probe that could not look is no failure and no pass: its control is not verified, where that is allowed', () => {
  const finding = found(a, { kind: 'lacking', need: 'docker', detail: 'the engine is gone' })
  const reasonAt = (exempt: ControlId[]) => {
    const report = makeReport({ home: homeOf([a], { exempt }), findings: [finding], previous: undefined }, facts('c1'))
    const [control] = report.controls
    expect([control?.status, control?.probe.verdict]).toEqual(['not-verified', 'not-run'])
    return { reason: control?.reason, unsound: unsoundOf(report, [finding], [a], { target: undefined }).length }
  }
  expect(reasonAt(['SEC-01'])).toEqual({ reason: 'this machine lacks docker: the engine is gone', unsound: 0 })
  expect(reasonAt([])).toEqual({ reason: expect.stringContaining('does not allow that'), unsound: 1 })
})

test('a control of the list without an entry is missing, and nothing is reached', () => {
  const home = homeOf([a], { missing: ['SEC-03'] })
  const { controls, reached } = makeReport({ home, findings: [found(a)], previous: undefined }, facts('c1'))
  expect(controls.map(({ status }) => status)).toEqual(['verified', 'missing'])
  expect(reached).toBe('none')
})

test('every must: musts; every should too: all', () => {
  const should = built('SEC-02', { level: 'should' })
  const reached = (...findings: Finding[]) =>
    makeReport({ home: homeOf([a, should]), findings, previous: undefined }, facts('c1')).reached
  expect([reached(found(a)), reached(found(a), found(should)), reached(found(should))]).toEqual([
    'musts',
    'all',
    'none',
  ])
})

test('results of one commit are put together: a probe that ran again keeps the verdicts of its sabotages', () => {
  const home = homeOf([a, b])
  const previous = makeReport({ home, findings: [found(a), found(b)], previous: undefined }, facts('c1'))
  const next = makeReport({ home, findings: [found(a, green, 'none')], previous }, facts('c1'))
  expect(next.controls.map(({ status }) => status)).toEqual(['verified', 'verified'])
})

test.each([
  ['another commit', facts('c2'), 'c1'],
  ['files that differ from the commit', facts('c1', { dirty: true }), 'c1'],
])('results of %s are stale, and count for nothing', (_, now, commit) => {
  const home = homeOf([a, b])
  const previous = makeReport({ home, findings: [found(a), found(b)], previous: undefined }, facts('c1'))
  const next = makeReport({ home, findings: [found(a)], previous }, now)
  expect(next.controls[1]).toMatchObject({ status: 'not-verified', stale: { commit, status: 'verified' } })
  expect(next.difference?.changed).toEqual([{ id: 'SEC-02', from: 'verified', to: 'not-verified' }])
})

const waiver: Waiver = {
  control: 'SEC-01',
  environment: 'local',
  reason: 'It is being built.',
  compensatingControl: 'Someone watches.',
  owner: 'Ada',
  approver: 'Grace',
  created: '2026-11-01',
  expires: '2026-12-05',
}

test('a waived control that fails is waived, with its reason and the days left; one that holds is verified all the same', () => {
  const look = (finding: Finding, given: Partial<Waiver> = {}) => {
    const home = homeOf([a], { waivers: [{ ...waiver, ...given }] })
    return makeReport({ home, findings: [finding], previous: undefined }, facts('c1')).controls[0]
  }
  const red = found(a, { kind: 'red', reason: 'gone', detail: 'gone' })
  expect(look(red)).toMatchObject({ status: 'waived', reason: 'gone', waiverDaysLeft: 10 })
  expect(look(found(a))).toMatchObject({ status: 'verified', waiverDaysLeft: 10 })
  expect(look(red, { environment: 'staging.example.com' })).toMatchObject({ status: 'failing', waiverDaysLeft: null })
})

test('what speaks against a run: a must that fails, that is not proven where that was asked for, or that was left out without leave', () => {
  const docker = built('OPS-01', { needs: ['docker'] })
  const should = built('SEC-02', { level: 'should' })
  const against = (findings: Finding[], { exempt = [] as string[] } = {}) => {
    const home = homeOf([a, docker, should], { exempt })
    const report = makeReport({ home, findings, previous: undefined }, facts('c1', { lacks: ['docker'] }))
    return unsoundOf(report, findings, home.catalogue, { target: undefined }).map(({ id }) => id)
  }
  const exempt = ['OPS-01']
  expect(against([found(a), found(should)], { exempt })).toEqual([])
  expect(against([found(a), found(should)])).toEqual(['OPS-01'])
  expect(against([found(a, green, 'survived')], { exempt })).toEqual(['SEC-01'])
  expect(against([found(a, green, 'none')], { exempt })).toEqual(['SEC-01'])
  expect(against([found(a, green, 'none', false)], { exempt })).toEqual([])
  expect(against([found(a), found(should, green, 'survived')], { exempt })).toEqual([])
  expect(against([], { exempt })).toEqual(['SEC-01'])
})

test('the exit code: 1 where anything speaks against the run, or nothing was looked at', () => {
  const { controls } = makeReport({ home: homeOf([a]), findings: [found(a)], previous: undefined }, facts('c1'))
  expect(exitCode([], [found(a)])).toBe(0)
  expect(exitCode(controls, [found(a)])).toBe(1)
  expect(exitCode([], [])).toBe(1)
})
