// What was promised to people, and how much of it may still go wrong.
import { type Control, control, source } from '../control.ts'
import { knownQueues, objectivesAreRecorded } from '../probes/observability-slos.ts'

const [rules, alerts] = ['monitoring/rules/slos.yml', 'monitoring/alerts/slos.yml']
const noHealth = '{operation!~"getLive|getReady|getHealth|getReadyAlias"}'

export const observabilitySlos: Control[] = [
  control({
    id: 'OBS-11',
    level: 'must',
    holds:
      'Availability, latency, queue delay and payment success have an objective each; what is recorded over 5 minutes, an hour and 30 days is the share that was bad, and the page of each fires when its budget burns fast.',
    because:
      'An error rate that is divided by the health checks too is small on the day on which every tenth order fails, and nobody is called.',
    code: ['monitoring/slos.json', 'tools/monitoring/slos.ts', rules, alerts],
    runbook: 'docs/runbooks/telemetry.md#an-objective-shows-the-wrong-share',
    tier: 'slow',
    needs: ['api', 'worker', 'database', 'redis', 'mail', 'payments'],
    // Jobs can't be made for a moment, and reads are slow.
    own: knownQueues,
    lacks:
      'Pages over six hours and tickets over days are proven by promtool alone, for they would take as long to fire.',
    probe: objectivesAreRecorded,
    sabotages: [
      source(
        'health checks count as answers',
        rules,
        `/ (sum(rate(seaworthy_http_request_duration_seconds_count${noHealth}[1h])) > 0)`,
        '/ (sum(rate(seaworthy_http_request_duration_seconds_count[1h])) > 0)',
        { red: 'availability-share-wrong' },
      ),
      source('failures count as quick answers', rules, 'status!="5xx"}[1h])) > 0)', 'status!="2xx"}[1h])) > 0)', {
        red: 'latency-share-wrong',
      }),
      source(
        'a wait of five minutes is no delay',
        rules,
        'seaworthy_queue_wait_duration_seconds_bucket{le=~"30(.0)?"}[5m]',
        'seaworthy_queue_wait_duration_seconds_bucket{le="300"}[5m]',
        { red: 'queue-delay-share-wrong' },
      ),
      source(
        'only payments that succeed are payments',
        rules,
        '(sum(rate(seaworthy_payments_total{kind=~"charge|payout"}[1h])) > 0)',
        '(sum(rate(seaworthy_payments_total{kind=~"charge|payout",status="succeeded"}[1h])) > 0)',
        { red: 'payments-share-wrong' },
      ),
      source(
        'the budget may burn ten times as fast',
        alerts,
        'slo:bad:ratio_rate1h{slo="availability"} > 14.4 * 0.001',
        'slo:bad:ratio_rate1h{slo="availability"} > 144 * 0.01',
        { red: 'availability-page-does-not-fire' },
      ),
    ],
  }),
]
