import { type Control, control, source } from '../control.ts'
import { seeSmoke } from '../probes/operations-smoke.ts'

export const operationsSmoke: Control[] = [
  control({
    id: 'OPS-14',
    level: 'must',
    holds:
      'npm run smoke walks the main journey on a deployed address, exits non-zero for each fault that a caller can see, names it with code and request id, stays within the limits of one address, and leaves nothing behind.',
    because:
      'A deployment that starts is not yet one that works: somebody, or the workflow, has to play it through before the old one goes.',
    code: [
      'tools/smoke.ts',
      'tools/smoke/steps.ts',
      'tools/smoke/calls.ts',
      'tools/smoke/clean-up.ts',
      'tools/smoke/fields.ts',
    ],
    runbook: 'docs/runbooks/smoke.md#the-smoke-test-fails',
    needs: ['api', 'worker', 'redis', 'database', 'mail'],
    own: {},
    probe: seeSmoke,
    sabotages: [
      source(
        'it always exits 0',
        'tools/smoke.ts',
        'process.exitCode = failures.length === 0 ? 0 : isReached ? 1 : 3',
        'process.exitCode = 0',
        { red: 'failure-exits-0' },
      ),
      source(
        'nothing is taken away again',
        'tools/smoke.ts',
        'if (failures.length === 0 || isReached)',
        'if (scene.domain === "")',
        { red: 'something-is-left' },
      ),
      source(
        'it is taken away only after a journey that passed',
        'tools/smoke.ts',
        'if (failures.length === 0 || isReached)',
        'if (failures.length === 0)',
        { red: 'something-is-left' },
      ),
      source('a step is left out', 'tools/smoke/steps.ts', "  { name: 'anyone finds it', run: isFound },\n", '', {
        red: 'fault-not-seen',
      }),
      source(
        'what the service asks to wait for is not waited for',
        'tools/smoke/calls.ts',
        "Number(reply.headers.get('retry-after') ?? 0)",
        'Number(reply.headers.get("retry-later") ?? 0)',
        { red: 'does-not-wait' },
      ),
      source(
        'erasing counts as signing in',
        'src/modules/erasures/erasures.routes.ts',
        "limit: 'write'",
        "limit: 'auth'",
        { red: 'meets-a-limit' },
      ),
    ],
  }),
]
