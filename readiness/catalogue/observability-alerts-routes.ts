// That an alert reaches the right people by the right way, and again until it is over.
import { type Control, control, source } from '../control.ts'
import { alertsReachPeople } from '../probes/observability-alerts-routes.ts'

const routes = 'monitoring/alertmanager.yml'

export const observabilityAlertRoutes: Control[] = [
  control({
    id: 'OBS-18',
    level: 'must',
    holds:
      'Every alert has severity, team, summary and a runbook that is there; a running Alertmanager takes pages to pager, chat and mail and says them again until they are over, takes tickets to chat and mail and what is a team’s to that team, and holds back what another alert explains.',
    because:
      'An alert that fired for six hours into a channel that nobody reads is no alert, and a pager that rings for everything is switched off.',
    code: [routes, 'monitoring/alerts/service.yml'],
    runbook: 'docs/on-call.md#escalation',
    needs: ['mail'],
    own: {},
    lacks: 'The second on call is called by PagerDuty’s own policy, which is set up there and is in no file here.',
    probe: alertsReachPeople,
    sabotages: [
      source(
        'pages become tickets',
        routes,
        '    - receiver: page\n      matchers: [\'severity = "page"\']',
        '    - receiver: ticket\n      matchers: [\'severity = "page"\']',
        { red: 'page-goes-elsewhere' },
      ),
      source('everything wakes people', routes, '      matchers: [\'severity = "page"\']\n', '', {
        red: 'ticket-goes-elsewhere',
      }),
      source(
        'what is of a team goes no further',
        routes,
        '[\'team = "payments"\']\n      continue: true',
        '[\'team = "payments"\']',
        { red: 'page-of-a-team-goes-elsewhere' },
      ),
      source(
        'nobody is called',
        routes,
        "    pagerduty_configs:\n      - routing_key_file: /run/secrets/pagerduty_key\n        severity: critical\n        description: '{{ .GroupLabels.SortedPairs.Values | join \" \" }}: {{ (index .Alerts 0).Annotations.summary }}'\n        links:\n          - { href: '{{ (index .Alerts 0).Annotations.runbook_url }}', text: Runbook }\n",
        '',
        { red: 'no-pager' },
      ),
      source('said once and never again', routes, 'repeat_interval: 30m', 'repeat_interval: 30d', {
        red: 'not-said-again',
      }),
      source('nothing is held back', routes, '\'alertname = "ServiceDown"\'', '\'alertname = "ServiceGone"\'', {
        red: 'not-inhibited',
      }),
      source(
        'an alert without severity',
        'monitoring/alerts/security.yml',
        'labels: { severity: page, team: security }',
        'labels: { team: security }',
        { red: 'alert-without-severity' },
      ),
    ],
  }),
]
