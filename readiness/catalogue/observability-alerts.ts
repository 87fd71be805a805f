// That an alert can fire at all, and does.
import { type Control, control, source } from '../control.ts'
import { alertsFire } from '../probes/observability-alerts.ts'

export const observabilityAlerts: Control[] = [
  control({
    id: 'OBS-16',
    level: 'must',
    holds:
      'Every alert has a unit test in which it fires and one in which it does not, what it asks for is served by the running stack, and it arrives at its receiver when its cause is there.',
    because:
      'The alert on a stuck queue asked for a metric that had been renamed in spring: it was quiet for half a year, the last three days of which nobody was told anything.',
    code: ['monitoring/alerts/service.yml', 'tools/drill-alerts.ts', 'tools/drill-alerts/causes.ts'],
    runbook: 'docs/alert-drill.md#when-one-does-not-arrive',
    tier: 'slow',
    needs: ['api', 'worker', 'database', 'redis', 'mail', 'payments'],
    lacks:
      'The probe makes four alerts arrive, which takes a minute; npm run drill:alerts makes all of them, which takes five, and is run by people.',
    probe: alertsFire,
    sabotages: [
      source(
        'a metric is renamed',
        'src/vitals.ts',
        '    seaworthy_outbox_oldest_seconds:',
        '    seaworthy_outbox_age_seconds:',
        {
          red: 'no-such-series',
        },
      ),
      source(
        'a metric is there and stands still',
        'src/modules/payments/webhooks.service.ts',
        "      received.inc({ effect: 'refused' })\n",
        '',
        { red: 'alert-did-not-arrive' },
      ),
      source(
        'a page is held back by what has nothing to do with it',
        'monitoring/alertmanager.yml',
        '    target_matchers: [\'alertname =~ "DegradedMode|OperationFails|SchedulerSilent"\']\n    equal: [deployment]',
        '    target_matchers: [\'alertname =~ "DegradedMode|OperationFails|SchedulerSilent"\']\n    equal: [deployment]\n\n  - source_matchers: [\'alertname = "Watchdog"\']\n    target_matchers: [\'alertname = "LoginAttack"\']\n    equal: [deployment]',
        { red: 'alert-did-not-arrive' },
      ),
      source(
        'a threshold is never reached',
        'monitoring/alerts/queues.yml',
        'max(seaworthy_outbox_oldest_seconds) > 300',
        'max(seaworthy_outbox_oldest_seconds) > 300000',
        {
          red: 'unit-test-fails',
        },
      ),
    ],
  }),
]
