import { type Control, control, source, sources } from '../control.ts'
import { seeReadOnly } from '../probes/readiness-read-only.ts'
import { seeCatalogue, seeNotVerified, seeReport, seeVerdicts, seeWaivers } from '../probes/readiness-runner.ts'

const [examine, home, report, files] = [
  'readiness/runner/examine.ts',
  'readiness/runner/home.ts',
  'readiness/report/report.ts',
  'readiness/report/files.ts',
]

export const readiness: Control[] = [
  control({
    id: 'RDY-01',
    level: 'must',
    holds: 'Every control is declared once: id, level, statement, why, code, probe, sabotage, runbook.',
    because:
      'A list that is kept in three places says three things, and a control without a runbook helps nobody at night.',
    code: ['readiness/control.ts', home, 'readiness/catalogue/catalogue.ts'],
    runbook: 'docs/runbooks/readiness.md#a-control-is-failing',
    needs: [],
    own: {},
    probe: seeCatalogue,
    sabotages: [
      source('two controls may have one id', home, 'if (seen.has(id))', 'if (false)', { red: 'duplicate-taken' }),
      source(
        'a runbook that is not there',
        'readiness/catalogue/readiness.ts',
        "    runbook: 'docs/runbooks/readiness.md#a-sabotage-survived',\n    needs: [],\n    own: {},\n    probe: seeVerdicts,",
        "    runbook: 'docs/runbooks/readiness.md#nowhere',\n    needs: [],\n    own: {},\n    probe: seeVerdicts,",
        { red: 'dead-link' },
      ),
    ],
  }),
  control({
    id: 'RDY-02',
    level: 'must',
    holds:
      'A sabotage counts only if its probe goes green, red for the expected reason, and green again; a crash is never a detection.',
    because:
      'A harness whose own syntax error turned the test red was counted as a detection, and the control was inert.',
    code: [examine, 'readiness/context/edits.ts'],
    runbook: 'docs/runbooks/readiness.md#a-sabotage-survived',
    needs: [],
    own: {},
    probe: seeVerdicts,
    sabotages: [
      source('any reason will do', examine, 'if (outcome.reason !== expected)', 'if (!outcome.reason)', {
        red: 'wrong-reason-counted-as-proven',
      }),
      source('a green probe will do', examine, "{ verdict: 'survived', reason", "{ verdict: 'proven', reason", {
        red: 'survived-counted-as-proven',
      }),
      source(
        'a crash will do',
        examine,
        "return { verdict: 'wrong-reason', reason: `crash: ${outcome",
        "return { verdict: 'proven', reason: `crash: ${outcome",
        {
          red: 'wrong-reason-counted-as-proven',
        },
      ),
      source(
        'it need not turn green again',
        examine,
        "if (outcome.kind === 'green') return { verdict: 'proven'",
        "if (outcome.kind) return { verdict: 'proven'",
        {
          red: 'undo-failed-counted-as-proven',
        },
      ),
    ],
  }),
  control({
    id: 'RDY-03',
    level: 'must',
    holds:
      "What could not be checked is 'not verified', never 'pass'; an unreachable target gives no score and exit code 3.",
    because: 'Skipped checks that count as passed are how a report turns green on a machine that can check nothing.',
    code: [report, 'readiness/runner/verdict.ts', 'readiness/runner/target.ts', 'readiness/not-verified.json'],
    runbook: 'docs/runbooks/readiness.md#a-control-is-not-verified-here',
    needs: [],
    own: {},
    probe: seeNotVerified,
    sabotages: [
      source(
        'skips count as passes',
        report,
        "status: 'not-verified', reason, evidence: {}",
        "status: 'verified', reason, evidence: {}",
        {
          red: 'unseen-counts',
        },
      ),
      source('an unreachable target passes', 'readiness/main.ts', 'unreachable: 3', 'unreachable: 0', {
        red: 'unreachable-passes',
      }),
      source(
        'any control may be left out',
        home,
        'without === need && controls.includes(id)',
        'without === need && id !== undefined && controls.length > 0',
        {
          red: 'unseen-passes',
        },
      ),
    ],
  }),
  control({
    id: 'RDY-04',
    level: 'must',
    holds:
      'A waiver has an owner, another approver, a reason and an end within 90 days; an expired, unknown or malformed one stops the run.',
    because: 'A waiver without an end is how an exception becomes the rule.',
    code: [home, 'readiness/report/report.schemas.ts', 'readiness/waivers.json'],
    runbook: 'docs/runbooks/readiness.md#a-waiver-ran-out',
    needs: [],
    own: {},
    probe: seeWaivers,
    sabotages: [
      source('a waiver never runs out', home, 'if (expires < today)', "if (expires < '2000')", {
        red: 'expired-taken',
      }),
      source('it may last a year', home, 'if (length > 90)', 'if (length > 365)', { red: 'too-long-taken' }),
      source('the owner approves', home, 'if (owner.trim().toLowerCase() ===', 'if (control === ', {
        red: 'own-approver-taken',
      }),
    ],
  }),
  control({
    id: 'RDY-05',
    level: 'must',
    holds:
      'Evidence is stored with commit, time and duration, goes stale with the next commit, and yields JSON, JUnit, one offline page, OpenMetrics and a badge.',
    because: 'A report without a commit is about some other code, and one that can be edited is an opinion.',
    code: [
      report,
      files,
      'readiness/report/html.ts',
      'readiness/report/junit.ts',
      'readiness/report/openmetrics.ts',
      'readiness/report/badge.ts',
    ],
    runbook: 'docs/runbooks/readiness.md#a-control-is-failing',
    needs: [],
    own: {},
    probe: seeReport,
    sabotages: [
      source('an edited report is believed', files, 'if (sealed !== digest)', "if (sealed === '')", {
        red: 'edited-report-counts',
      }),
      source('results outlive their commit', report, 'before.commit === now.commit &&', '', { red: 'stale-counts' }),
      source('no badge', files, "    'badge.svg': renderBadge(report),", "    'badge.svg': '',", { red: 'no-badge' }),
    ],
  }),
  control({
    id: 'RDY-06',
    level: 'must',
    holds: 'The read-only probes run against any deployed URL, and send nothing that could write.',
    because:
      'A check that may not be run on production says nothing of production, and one that writes there is an incident.',
    code: ['readiness/runner/target.ts', 'readiness/context/http.ts'],
    runbook: 'docs/runbooks/readiness.md#the-target-cannot-be-reached',
    needs: ['api'],
    probe: seeReadOnly,
    sabotages: [
      sources(
        'a look writes',
        [
          {
            file: 'readiness/runner/target.ts',
            find: "caller.call('GET', path, options)",
            replace: "caller.call('POST', path, options)",
          },
          {
            file: 'readiness/context/http.ts',
            find: 'if (readOnly && !reads.includes(method))',
            replace: 'if (readOnly && !method)',
          },
        ],
        { red: 'a-look-writes' },
      ),
    ],
  }),
]
