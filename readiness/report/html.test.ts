import { createHash } from 'node:crypto'
import { Value } from 'typebox/value'
import { expect, test } from 'vitest'
import { renderPage } from './html.ts'
import { Report, statuses, verdicts } from './report.schemas.ts'
import {
  hostile,
  sampleCommit,
  sampleControl,
  sampleDigest,
  sampleReport,
  sampleSignOffs,
  soundReport,
} from './sample.ts'

const pageOf = (report: Report, signOffs = sampleSignOffs()) => renderPage(report, signOffs, sampleDigest)
const textOf = (page: string) =>
  page
    .replace(/<(style|script)>.*?<\/\1>/gs, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
const reportWith = (given: Parameters<typeof sampleControl>[0]) => sampleReport({ controls: [sampleControl(given)] })

test('the sample is a valid report with every status and every verdict', () => {
  const report = sampleReport()
  expect([...Value.Errors(Report, report)]).toEqual([])
  expect(Value.Check(Report, report) && Value.Check(Report, soundReport())).toBe(true)
  expect(new Set(report.controls.map(({ status }) => status))).toEqual(new Set(statuses))
  expect(new Set(report.controls.flatMap(({ sabotages }) => sabotages.map(({ verdict }) => verdict)))).toEqual(
    new Set(verdicts),
  )
})

test('the headline is GO when nothing speaks against it', () => {
  expect(pageOf(soundReport())).toContain('<h1>GO</h1>')
  expect(textOf(pageOf(soundReport()))).toContain('All six roles signed this very report.')
})

test('the headline is NO GO with its reasons, and failing musts lead to their controls', () => {
  const page = pageOf(sampleReport(), sampleSignOffs().slice(1))
  expect(page).toContain('<h1>NO GO</h1>')
  expect(page).toContain('<li>2 musts fail: <a class="id" href="#SEC-19">SEC-19</a>')
  expect(textOf(page)).toContain('Not signed by security.')
})

test('the run shows its commit, a dirty tree, its time, target, machine, what that lacks, and the digest', () => {
  const text = textOf(pageOf(sampleReport()))
  for (const part of [sampleCommit, sampleDigest, 'Dirty tree.', '2026-11-24 10:14:35 UTC, after 14 min 34 s'])
    expect(text).toContain(part)
  expect(text).toMatch(/Target ?local Machine ?linux x64, 8 cores, 16 GiB It lacks ?docker/)
  expect(textOf(pageOf(soundReport()))).not.toContain('Dirty tree.')
})

test('a control shows all that the report knows of it', () => {
  const text = textOf(
    pageOf(
      reportWith({
        plane: 'file',
        tier: 'slow',
        lacks: 'the part for operators',
        waiverDaysLeft: -2,
        stale: { commit: 'ba5eba11', status: 'claimed', at: '2026-11-20T08:00:00.000Z' },
      }),
    ),
  )
  for (const part of [
    'not built yet: the part for operators',
    'waiver: ended 2 days before the run',
    'claimed at commit ba5eba1, 2026-11-20 08:00:00 UTC. This run did not look',
    'file, slow',
    'green after 0.42 s, 2026-11-24 10:12:03 UTC',
    'refusals that nobody records',
    'src/plugins/rate-limit.ts',
    'docs/runbooks/rate-limit.md',
    'must turn red for no-retry-after',
  ])
    expect(text).toContain(part)
  expect(text).toMatch(/statuses ?401, 401, 429.*recorded ?true.*cause ?null/)
})

test('uncaught sabotages stand on top, the survived ones first', () => {
  const text = textOf(pageOf(sampleReport()))
  const list = text.slice(text.indexOf('Sabotages that were not caught'), text.indexOf('Counts by area'))
  const order = ['survived', 'wrong reason', 'undo failed', 'not applied'].map((verdict) => list.indexOf(verdict))
  expect(order).toEqual(order.toSorted((a, b) => a - b))
  expect(Math.min(...order)).toBeGreaterThan(0)
})

test('what was accepted, missed, signed and changed is on the page', () => {
  const signOffs = sampleSignOffs().map((one) => (one.role === 'qa' ? { ...one, valid: false, why: 'stale' } : one))
  const text = textOf(pageOf(sampleReport(), signOffs))
  for (const part of [
    'not verified docker is not on this machine 1 control: REL-05',
    'REL-04 12 days left',
    'critical review overdue by 23 days',
    'invalid qa, Alan Turing',
    'valid management, Barbara Liskov',
    'SEC-19 verified →became failing',
  ])
    expect(text).toContain(part)
})

test('a report with nothing to tell says so in every section', () => {
  const text = textOf(renderPage(soundReport(), [], sampleDigest))
  for (const part of [
    'No must fails in this run.',
    'Nothing is waived.',
    'No risk is on record.',
    'There is no previous report.',
    'not signed product',
  ])
    expect(text).toContain(part)
})

test('no number is a percentage', () => {
  expect(textOf(pageOf(sampleReport()))).not.toContain('%')
})

test('hostile text is escaped wherever it stands', () => {
  const page = pageOf(
    sampleReport({ run: { target: hostile, commit: hostile, arguments: [hostile], versions: { [hostile]: hostile } } }),
  )
  expect(page.match(/<img/g)).toBeNull()
  expect(page.match(/<\/script>/g)).toHaveLength(1)
  expect(page.match(/<\/style>/g)).toHaveLength(1)
  expect(page).not.toMatch(/[\0\u202e]/)
})

test('the policy allows this style and this script and nothing else, and the page points nowhere', () => {
  const page = pageOf(soundReport())
  const policy = page.match(/Content-Security-Policy" content="([^"]*)"/)?.[1]?.replaceAll('&#39;', "'")
  expect(policy).toMatch(/^default-src 'none'; /)
  for (const kind of ['style', 'script']) {
    const content = page.match(new RegExp(`<${kind}>(.*?)</${kind}>`, 's'))?.[1] ?? ''
    expect(policy).toContain(`${kind}-src 'sha256-${createHash('sha256').update(content).digest('base64')}';`)
  }
  expect(page).not.toMatch(/https?:|\ssrc=|\sstyle=|\son[a-z]+="|@import|url\(/)
})
