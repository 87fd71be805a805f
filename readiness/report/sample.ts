// A report with a bit of everything, for tests and for looking at the page. Every part has a default.
import {
  type CheckedSignOff,
  type ControlResult,
  type Report,
  roles,
  type SabotageResult,
  type SabotageVerdict,
} from './report.schemas.ts'

/** Text that breaks a page, a script, an attribute, XML or a label, wherever it is not escaped. */
export const hostile = `</script></style><img src=x onerror="document.title='owned'">\u202e\u0000\ud800'"&]]>\\\n{{end}}`
export const sampleDigest = 'd1'.repeat(32)
export const sampleCommit = 'c0ffee1'.padEnd(40, '0')
const at = '2026-11-24T10:12:03.000Z'

export function sampleSabotage(verdict: SabotageVerdict, given: Partial<SabotageResult> = {}): SabotageResult {
  const expected = 'no-retry-after'
  const reasons = {
    proven: expected,
    survived: 'the probe stayed green',
    'wrong-reason': 'connection-refused',
    'not-applied': 'the text to replace stands there twice',
    'undo-failed': 'the row was still there after the undo',
    none: 'run it with --sabotage',
  }
  const seconds = verdict === 'none' ? 0 : 3.2
  const name = `the field is dropped (${verdict})`
  return { name, kind: 'source', expected, verdict, reason: reasons[verdict], seconds, ...given }
}

export function sampleControl(given: Partial<ControlResult> = {}): ControlResult {
  return {
    id: 'SEC-17',
    level: 'must',
    area: 'security',
    holds: 'A refused call is 429 with Retry-After, and every limited answer carries the RateLimit fields.',
    because: 'Clients that cannot see a limit retry into it; refusals that nobody records hide an attack.',
    code: ['src/plugins/rate-limit.ts'],
    runbook: 'docs/runbooks/rate-limit.md',
    plane: 'live',
    tier: 'fast',
    status: 'verified',
    reason: '',
    lacks: '',
    evidence: { refusedAt: 6, policy: '"auth";q=5;w=60', statuses: [401, 401, 429], recorded: true, cause: null },
    probe: { verdict: 'green', seconds: 0.42, at },
    sabotages: [sampleSabotage('proven')],
    waiverDaysLeft: null,
    stale: null,
    ...given,
  }
}

const notRun: ControlResult['probe'] = { verdict: 'not-run', seconds: 0, at: null }
const red: ControlResult['probe'] = { verdict: 'red', seconds: 1.5, at }

const sampleControls: ControlResult[] = [
  sampleControl(),
  sampleControl({ id: 'SEC-18', sabotages: [sampleSabotage('proven'), sampleSabotage('proven', { kind: 'config' })] }),
  sampleControl({
    id: 'SEC-19',
    status: 'failing',
    reason: 'never-refused',
    probe: red,
    sabotages: [sampleSabotage('none')],
  }),
  sampleControl({
    id: 'SEC-20',
    status: 'failing',
    reason: 'a sabotage survived',
    sabotages: [sampleSabotage('proven'), sampleSabotage('wrong-reason'), sampleSabotage('survived')],
  }),
  sampleControl({
    id: 'API-02',
    area: 'api',
    holds: hostile,
    because: hostile,
    evidence: { [hostile]: hostile, nested: { markup: '<b>bold</b>' } },
    runbook: hostile,
    code: [hostile],
    sabotages: [sampleSabotage('proven', { name: hostile })],
  }),
  sampleControl({
    id: 'API-03',
    area: 'api',
    status: 'claimed',
    reason: 'no sabotage was run',
    sabotages: [sampleSabotage('none')],
  }),
  sampleControl({
    id: 'REL-04',
    area: 'reliability',
    status: 'waived',
    reason: 'pool-exhausted',
    probe: red,
    waiverDaysLeft: 12,
  }),
  sampleControl({
    id: 'REL-05',
    area: 'reliability',
    status: 'not-verified',
    reason: 'docker is not on this machine',
    tier: 'docker',
    probe: notRun,
    evidence: {},
    sabotages: [sampleSabotage('none', { kind: 'state', reason: 'docker is not on this machine' })],
    stale: { commit: 'ba5eba11', status: 'verified', at: '2026-11-20T08:00:00.000Z' },
  }),
  sampleControl({
    id: 'OPS-06',
    area: 'operations',
    level: 'should',
    status: 'failing',
    plane: 'file',
    reason: 'sabotages could not be judged',
    sabotages: [sampleSabotage('not-applied'), sampleSabotage('undo-failed')],
  }),
  sampleControl({
    id: 'DRY-07',
    area: 'recovery',
    status: 'missing',
    reason: 'no control of this id is in the catalogue',
    lacks: 'a restore into an empty database',
    probe: notRun,
    evidence: {},
    code: [],
    runbook: '',
    sabotages: [],
  }),
]

export function sampleReport(given: Partial<Omit<Report, 'run'>> & { run?: Partial<Report['run']> } = {}): Report {
  return {
    schema: 1,
    reached: 'none',
    controls: sampleControls,
    waivers: [
      {
        control: 'REL-04',
        environment: 'production',
        reason: 'The pool is sized by hand until the new driver is out.',
        compensatingControl: 'An alert on the wait for a connection pages within two minutes.',
        owner: 'Grace Hopper',
        approver: 'Mary Jackson',
        created: '2026-11-01',
        expires: '2026-12-06',
      },
    ],
    risks: [
      {
        id: 'RISK-01',
        title: 'One region: its loss is a loss of service',
        severity: 'medium',
        owner: 'Katherine Johnson',
        mitigation: 'Backups are copied to a second region, and restored there every week.',
        review: '2027-02-01',
      },
      {
        id: 'RISK-02',
        title: `The mail provider sees addresses ${hostile}`,
        severity: 'critical',
        owner: 'Dorothy Vaughan',
        mitigation: 'Only the address and a link are sent, and the contract forbids more.',
        review: '2026-11-01',
      },
    ],
    difference: {
      commit: 'ba5eba11',
      end: '2026-11-20T08:00:00.000Z',
      changed: [
        { id: 'SEC-19', from: 'verified', to: 'failing' },
        { id: 'SEC-18', from: 'claimed', to: 'verified' },
      ],
    },
    ...given,
    run: {
      commit: sampleCommit,
      dirty: true,
      versions: { node: '26.10.0', postgres: '18.4', redis: '8.2.1' },
      start: '2026-11-24T10:00:01.000Z',
      end: '2026-11-24T10:14:35.000Z',
      seconds: 874,
      target: 'local',
      machine: { platform: 'linux x64', cores: 8, memoryGiB: 16, lacks: ['docker'] },
      arguments: ['--sabotage'],
      ...given.run,
    },
  }
}

/** A report of which nothing speaks against GO. */
export const soundReport = () =>
  sampleReport({
    reached: 'all',
    controls: [sampleControl()],
    waivers: [],
    risks: [],
    difference: null,
    run: { dirty: false },
  })

const names = ['Ada Lovelace', 'Grace Hopper', 'Mary Jackson', 'Alan Turing', 'Katherine Johnson', 'Barbara Liskov']

/** A valid sign-off by every role. */
export const sampleSignOffs = (): CheckedSignOff[] =>
  roles.map((role, index) => ({
    name: names[index] ?? role,
    role,
    date: '2026-11-24T15:00:00.000Z',
    commit: sampleCommit,
    digest: sampleDigest,
    valid: true,
    why: '',
  }))
