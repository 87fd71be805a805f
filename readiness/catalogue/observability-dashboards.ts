// What is looked at when something is wrong: it shows something.
import { type Control, control, source, sources } from '../control.ts'
import { often, panelsHaveData } from '../probes/observability-dashboards.ts'

export const observabilityDashboards: Control[] = [
  control({
    id: 'OBS-17',
    level: 'must',
    holds:
      'Dashboards are files, and every query of every panel has data on a Prometheus that watches the running API and worker while people use them.',
    because:
      'A panel whose metric was renamed is an empty square that looks like a quiet night, and it is found empty in the middle of an incident.',
    code: ['tools/monitoring/dashboards.ts', 'monitoring/dashboards/overview.json', 'monitoring/rules/slos.yml'],
    runbook: 'docs/runbooks/telemetry.md#a-panel-is-empty',
    tier: 'slow',
    needs: ['api', 'worker', 'database', 'redis', 'mail', 'payments'],
    // Schedules run each second or two, and there is little room.
    own: often,
    probe: panelsHaveData,
    sabotages: [
      source(
        'a gauge is renamed',
        'src/vitals.ts',
        '    seaworthy_db_size_bytes:',
        '    seaworthy_database_size_bytes:',
        {
          red: 'no-data-stores-size',
        },
      ),
      source(
        'a counter is renamed',
        'src/plugins/rate-limit.ts',
        "'seaworthy_limit_refusals_total'",
        "'seaworthy_refusals_total'",
        { red: 'no-data-api-by-limits' },
      ),
      source(
        'a label is renamed',
        'monitoring/dashboards/business.json',
        'action=\\"user.registered\\"',
        'action=\\"user.signed-up\\"',
        { red: 'no-data-business-sign-ups' },
      ),
      sources(
        'the budget is recorded under another name',
        ['availability', 'latency', 'queue-delay', 'payments'].map((slo) => {
          const rule = (name: string) => `- record: ${name}\n        labels:\n          slo: ${slo}\n`
          return {
            file: 'monitoring/rules/slos.yml',
            find: rule('slo:budget:remaining_ratio'),
            replace: rule('slo:budget:left_ratio'),
          }
        }),
        { red: 'no-data-overview-budget-that-is-left' },
      ),
    ],
  }),
]
