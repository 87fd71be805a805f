import { type Control, control, source } from '../control.ts'
import { seeContainers } from '../probes/operations-containers.ts'
import { seeExample } from '../probes/operations-env-example.ts'
import { seeSignOffs } from '../probes/readiness-runner.ts'
import { documents } from './operations-documents.ts'
import { operationsEdge } from './operations-edge.ts'
import { operationsFlags } from './operations-flags.ts'
import { fly } from './operations-fly.ts'
import { production } from './operations-production.ts'
import { runbooks } from './operations-runbooks.ts'
import { scan } from './operations-scan.ts'
import { operationsSmoke } from './operations-smoke.ts'
import { workflows } from './operations-workflows.ts'

export const operations: Control[] = [
  control({
    id: 'OPS-01',
    level: 'must',
    holds:
      'One multi-stage image with production dependencies only, no source maps or tests, a numbered user, a health check without a shell, correct signals, at most 250 MB over its base.',
    because:
      'What an image holds beyond what runs is what an attacker finds there, and a process that ignores SIGTERM is killed in mid-request.',
    code: ['Dockerfile', '.dockerignore', 'scripts/containers'],
    runbook: 'docs/runbooks/containers.md#the-image-is-too-large-or-holds-too-much',
    tier: 'docker',
    needs: ['docker'],
    own: {},
    probe: seeContainers('image'),
    sabotages: [
      source('the tests are copied in', '.dockerignore', '**/*.test.ts\n', '', {
        red: 'the-image-holds-only-what-runs',
      }),
      source('it runs as root', 'Dockerfile', 'USER 10001:10001', 'USER 0:0', {
        red: 'the-image-names-a-user-by-number-not-root',
      }),
    ],
  }),
  control({
    id: 'OPS-02',
    level: 'must',
    holds:
      'From a clean clone `docker compose up` reaches healthy without editing a file, and the whole journey can be played on it.',
    because: 'A stack that needs one more variable is a stack that nobody starts, and then nobody tests on it.',
    code: ['compose.yaml', 'Dockerfile', 'src/health-check.ts', 'scripts/containers'],
    runbook: 'docs/runbooks/containers.md#docker-compose-up-does-not-get-healthy',
    tier: 'docker',
    needs: ['docker'],
    own: {},
    probe: seeContainers('start'),
    sabotages: [
      source('a health check asks for the wrong path', 'compose.yaml', '9092/health/ready', '9092/health/nowhere', {
        red: 'a-clean-start-reaches-healthy',
      }),
      source(
        'ports are open to the network',
        'compose.yaml',
        "'127.0.0.1:${MAIL_PORT:-8025}:8025'",
        "'${MAIL_PORT:-8025}:8025'",
        {
          red: 'ports-are-published-on-this-machine-only',
        },
      ),
    ],
  }),
  ...operationsEdge,
  fly,
  ...production,
  runbooks,
  ...workflows,
  documents,
  ...operationsFlags,
  ...operationsSmoke,
  scan,
  control({
    id: 'OPS-13',
    level: 'must',
    holds:
      '.env.example lists every variable with its default, and a copy of it with its blanks filled in starts the service.',
    because: 'A variable that nobody knows of is set in one deployment and forgotten in the next.',
    code: ['.env.example', 'src/environment.schemas.ts'],
    runbook: 'docs/runbooks/secrets.md#the-service-refuses-to-start',
    plane: 'file',
    needs: ['database'],
    own: {},
    probe: seeExample,
    sabotages: [
      source('a variable is left out', '.env.example', '#READY_TIMEOUT_MS=1500\n', '', { red: 'variable-missing' }),
      source('a default is wrong', '.env.example', '#DRAIN_MS=500\n', '#DRAIN_MS=5000\n', { red: 'default-wrong' }),
      source('a blank is no blank', '.env.example', '\nPUBLIC_URL=\n', '\nPUBLIC_URL=http://example\n', {
        red: 'blank-filled',
      }),
    ],
  }),
  control({
    id: 'OPS-15',
    level: 'must',
    holds: 'The report is made of evidence, six roles sign one report of one commit, and open risks have owners.',
    because: 'A go that was given to another commit, or to a report that someone touched up, is no go.',
    code: [
      'readiness/runner/sign-off.ts',
      'readiness/report/decision.ts',
      'readiness/report/files.ts',
      'readiness/risks.json',
    ],
    runbook: 'docs/runbooks/readiness.md#a-sign-off-is-invalid',
    plane: 'file',
    needs: [],
    own: {},
    probe: seeSignOffs,
    sabotages: [
      source(
        'an edited report can be signed',
        'readiness/report/files.ts',
        'if (sealed !== digest)',
        "if (sealed === '')",
        { red: 'edited-report-signed' },
      ),
      source(
        'a sign-off holds for any report',
        'readiness/runner/sign-off.ts',
        ': signOff.digest !== digest',
        ": signOff.digest === ''",
        { red: 'another-report-is-signed' },
      ),
      source(
        'five roles will do',
        'readiness/report/decision.ts',
        'const unsigned = roles.filter(',
        'const unsigned = roles.slice(0, -1).filter(',
        { red: 'go-without-all-roles' },
      ),
      source('another commit can be signed', 'readiness/runner/sign-off.ts', 'if (run.commit !== head)', 'if (!head)', {
        red: 'another-commit-signed',
      }),
    ],
  }),
]
