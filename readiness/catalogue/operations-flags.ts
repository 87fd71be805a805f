// Whether what is new can be given to some people, and taken away from all, without a deployment.
import { type Control, control, removed, source } from '../control.ts'
import { flagsDivideSteadily } from '../probes/operations-flags.ts'

const provider = 'src/modules/flags/provider.ts'
const service = 'src/modules/flags/flags.service.ts'

export const operationsFlags: Control[] = [
  control({
    id: 'OPS-10',
    level: 'should',
    holds:
      'Feature flags through OpenFeature: a percentage of people, the same ones each time and on every replica, rules by role and client, a kill switch, variants of an experiment; each change audited.',
    because:
      'What can only be taken back by a deployment stays broken for as long as one takes; a percentage that is drawn anew at each request shows each person both.',
    code: [provider, service, 'src/modules/flags/declared.ts', 'src/modules/flags/flags.routes.ts'],
    runbook: 'docs/flags.md',
    needs: ['api', 'database'],
    own: {},
    probe: flagsDivideSteadily,
    sabotages: [
      source('the percentage is ignored', provider, 'if (place < end)', 'if (end > 0)', { red: 'percentage-ignored' }),
      source(
        'it is drawn anew each time',
        provider,
        'const place = placeOf(name, person.targetingKey)',
        'const place = Math.random() * 100',
        {
          red: 'not-followed',
        },
      ),
      source(
        'a share that grows draws anew',
        provider,
        'placeOf(name, person.targetingKey)',
        'placeOf(JSON.stringify(setting.split), person.targetingKey)',
        {
          red: 'not-sticky',
        },
      ),
      source('the same people are first in all', provider, '`${name}\\n${key}`', 'key', { red: 'same-people-in-each' }),
      source('rules are not asked', provider, 'const rule = setting.rules.find(', 'const rule = [].find(', {
        red: 'rule-ignored',
      }),
      source('the kill switch is not asked', provider, 'if (!setting.isOn)', 'if (setting.isOn === undefined)', {
        red: 'kill-switch-ignored',
      }),
      removed(
        service,
        "      await audit(tx, actor, 'flag.changed', put.id, { before, after: { flag: name, ...partsOf(put) } })",
        { red: 'not-audited' },
      ),
      removed('src/run.ts', '      await services.flags.keepFresh(),', { red: 'not-followed' }),
    ],
  }),
]
