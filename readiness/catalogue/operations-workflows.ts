import { type Control, control, source } from '../control.ts'
import { seeIntegration } from '../probes/operations-workflows.ts'
import { seeDeployment } from '../probes/operations-workflows-deploy.ts'
import { seeUpdates } from '../probes/operations-workflows-updates.ts'

const ci = '.github/workflows/ci.yml'
const security = '.github/workflows/security.yml'
const image = '.github/workflows/image.yml'
const deploy = '.github/workflows/deploy.yml'
const updates = '.github/dependabot.yml'

export const workflows: Control[] = [
  control({
    id: 'OPS-06',
    level: 'must',
    holds:
      'Each change is linted, type-checked, tested above a coverage floor, migrated up, down and up, built, scanned, searched for secrets and played through, by steps that can not be left out; actions are pinned by digest, and jobs may do what they do.',
    because:
      'A step that was switched off for an hour stays off for a year, and an action whose tag was moved has run with write access in thousands of repositories.',
    code: [ci, security, image, '.github/workflows/release.yml', 'tools/workflows.ts'],
    runbook: 'docs/runbooks/deploy.md#a-workflow-is-wrong',
    plane: 'file',
    needs: ['database', 'go', 'python'],
    own: {},
    probe: seeIntegration,
    sabotages: [
      source('the checks are left out', ci, '      - run: npm run check\n', '', { red: 'stage-missing' }),
      source(
        'a failing journey is forgiven',
        ci,
        'smoke -- https://localhost\n',
        'smoke -- https://localhost || true\n',
        {
          red: 'stage-stays-green',
        },
      ),
      source(
        'secrets are looked for at night only',
        security,
        '    name: secrets in',
        "    if: github.event_name == 'schedule'\n    name: secrets in",
        {
          red: 'stage-can-be-left-out',
        },
      ),
      source('migrations are never taken back', ci, '          npm run migrate -- down 9999\n', '', {
        red: 'stage-missing',
      }),
      source('one migration is taken back', ci, 'down 9999', 'down 1', { red: 'not-up-down-up' }),
      source(
        'the job of the tests may write',
        ci,
        '    name: tests with a coverage floor\n    runs-on: ubuntu-24.04\n    timeout-minutes: 45\n    permissions:\n      contents: read',
        '    name: tests with a coverage floor\n    runs-on: ubuntu-24.04\n    timeout-minutes: 45\n    permissions:\n      contents: write',
        {
          red: 'permission-not-needed',
        },
      ),
      source(
        'an action is named by its tag',
        image,
        'actions/attest-build-provenance@977bb373ede98d70efdf65b84cb5f73e068dcc2a # v3.0.0\n        with:\n          subject-path',
        'actions/attest-build-provenance@v3\n        with:\n          subject-path',
        {
          red: 'not-pinned',
        },
      ),
      source(
        'a title becomes shell',
        ci,
        '      - run: npm test\n',
        '      - run: npm test\n      - run: echo "${{ github.event.pull_request.title }}"\n',
        {
          red: 'linters-object',
        },
      ),
    ],
  }),
  control({
    id: 'OPS-07',
    level: 'must',
    holds:
      'main goes to staging, a journey is played there, somebody says yes, one machine of production has it first, a journey is played on that machine before the others follow, and whatever fails brings the release before back.',
    because:
      'A release that nobody has played through meets all users at once, and a rollback that is thought up at night takes an hour.',
    code: [deploy, image],
    runbook: 'docs/runbooks/deploy.md#a-deployment-failed',
    plane: 'file',
    needs: ['api', 'worker', 'redis', 'database', 'mail'],
    own: {},
    probe: seeDeployment,
    sabotages: [
      source(
        'staging is not played through',
        deploy,
        '      - name: smoke\n        run: npm run smoke -- "$URL"\n',
        '',
        {
          red: 'staging-not-played',
        },
      ),
      source(
        'nobody has to say yes',
        deploy,
        '    environment:\n      name: production\n',
        '    environment:\n      name: staging\n',
        {
          red: 'nobody-approves',
        },
      ),
      source('reviewers are not looked for', deploy, "== *' required_reviewers '* ]]", "== *' '* ]]", {
        red: 'nobody-approves',
      }),
      source('the canary is everybody', deploy, ' --only-machines "$MACHINE"', '', { red: 'canary-is-everybody' }),
      source(
        'the canary is not played through',
        deploy,
        'run: npm run smoke -- "$URL" --machine "$MACHINE"',
        'run: echo "$URL" "$MACHINE"',
        {
          red: 'bad-canary-was-promoted',
        },
      ),
      source('nothing is brought back', deploy, '        if: failure() || cancelled()\n', '        if: cancelled()\n', {
        red: 'bad-release-stays',
      }),
      source(
        'what is brought back is the same',
        deploy,
        '--image "$BEFORE"',
        '--image "registry.fly.io/$APP:$GITHUB_SHA"',
        {
          red: 'bad-release-stays',
        },
      ),
    ],
  }),
  control({
    id: 'OPS-09',
    level: 'must',
    holds:
      'Dependencies of npm, actions, images and compose files are updated every week after a week of waiting, and what is installed is audited every night.',
    because:
      'A hole that everybody knows is the first that is tried, and a version of an hour ago is where stolen packages are found.',
    code: [updates, security],
    lacks:
      'The exact versions of Go and Python programs in tools/, of flyctl in deploy.yml and of gitleaks in security.yml are moved by hand.',
    runbook: 'docs/runbooks/deploy.md#dependencies-are-not-updated',
    plane: 'file',
    needs: [],
    own: {},
    probe: seeUpdates,
    sabotages: [
      source(
        'compose files are left out',
        updates,
        '  - package-ecosystem: docker-compose\n',
        '  - package-ecosystem: terraform\n',
        {
          red: 'not-updated',
        },
      ),
      source('a folder with an image is left out', updates, '[/, /nginx/*, /.ci/images/*]', '[/, /.ci/images/*]', {
        red: 'not-updated',
      }),
      source(
        'new versions come at once',
        updates,
        '      default-days: 7\n      semver-major-days: 30\n',
        '      default-days: 0\n',
        {
          red: 'no-waiting',
        },
      ),
      source('the audit has no schedule', security, "  schedule:\n    - cron: '41 3 * * *'\n", '', {
        red: 'audit-not-scheduled',
      }),
      source(
        'the audit finds and stays green',
        security,
        'npm audit --audit-level=moderate\n',
        'npm audit --audit-level=moderate || true\n',
        {
          red: 'stage-stays-green',
        },
      ),
    ],
  }),
]
