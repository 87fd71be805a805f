// What holds for a crowd of virtual users, and that what says so can fail.
import { type Control, config, control, source } from '../control.ts'
import { holdsForACrowd } from '../probes/performance-crowd.ts'
import { scenariosCanFail } from '../probes/performance-scenarios.ts'

const [app, before] = ['src/app.ts', '  await app.register(cachedAnswers, { cache: services.cache })\n']
const runbook = 'docs/runbooks/load.md'

export const performanceCrowd: Control[] = [
  control({
    id: 'PER-06',
    level: 'must',
    holds:
      'At 200 sustained and 1,000 peak virtual users, each a person of its own who thinks 1 to 5 s, 95 of 100 answers take less than 500 ms, 99 less than 1,000 ms, fewer than one in a thousand fails, and the database has what was answered.',
    because:
      'What is quick for one caller may be slow for a thousand, and that shows on the day on which everybody comes: the worst to find out.',
    code: ['k6/scenarios.ts', 'k6/people.ts', 'k6/answers.ts', 'tools/load/agreement.ts'],
    runbook: `${runbook}#people-wait-under-load`,
    tier: 'slow',
    needs: ['database', 'api', 'worker', 'redis', 'payments', 'k6'],
    own: {},
    probe: holdsForACrowd,
    sabotages: [
      source(
        'each answer takes 600 ms more',
        app,
        before,
        `  app.addHook('onRequest', () => new Promise((resolve) => setTimeout(resolve, 600)))\n${before}`,
        { red: 'too-slow' },
      ),
      source(
        'one call in fifty fails',
        app,
        before,
        `  app.addHook('onRequest', async () => {\n    if (Math.random() < 0.02) throw new Error('lost')\n  })\n${before}`,
        { red: 'errors' },
      ),
      config('a limit is met', { LIMIT_PUBLIC: '100/60s' }, { red: 'limited' }),
    ],
  }),

  control({
    id: 'PER-10',
    level: 'must',
    holds:
      'Each k6 scenario has thresholds, each of which is met by a sound service and missed by a late or failing one, ends non-zero then, and the capacity document has the numbers of what was kept.',
    because:
      'A load test that cannot fail is run before each launch and believed; and a capacity that is written by hand is that of two years ago.',
    code: ['k6/scenarios.ts', 'k6/main.ts', 'tools/load.ts', 'tools/capacity.ts', 'docs/capacity.md'],
    runbook: `${runbook}#a-scenario-finds-nothing`,
    plane: 'file',
    tier: 'slow',
    needs: ['k6'],
    probe: scenariosCanFail,
    sabotages: [
      source(
        'a threshold that cannot fail',
        'k6/scenarios.ts',
        "['p(95)<500', 'p(99)<1000']",
        "['p(95)<500000', 'p(99)<1000']",
        { red: 'threshold-cannot-fail' },
      ),
      source(
        'a scenario without thresholds',
        'k6/scenarios.ts',
        'stages: steps(5), thresholds: bounded',
        'stages: steps(5), thresholds: {}',
        {
          red: 'no-threshold',
        },
      ),
      source('what is missed is not told', 'tools/load.ts', '? 0 : 1', '? 0 : 0', { red: 'load-hides-it' }),
      source(
        'the document says what nobody measured',
        'docs/capacity.md',
        '<!-- measured -->\n',
        '<!-- measured -->\nAny number.\n',
        {
          red: 'document-differs',
        },
      ),
      source(
        'the check of the document sees nothing',
        'tools/capacity.ts',
        'else if (after !== before)',
        'else if (after === undefined)',
        {
          red: 'check-sees-nothing',
        },
      ),
    ],
  }),
]
