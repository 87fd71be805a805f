import { type Board, per } from './board.ts'

export const business: Board = {
  uid: 'business',
  title: 'Business',
  rows: [
    {
      title: 'People and work',
      panels: [
        {
          title: 'Sign-ups',
          unit: 'short',
          lines: [['sign-ups', `sum(increase(seaworthy_actions_total{action="user.registered"}${per}))`]],
        },
        {
          title: 'Sign-ins',
          unit: 'short',
          lines: [
            [
              '{{kind}}',
              `sum by (kind) (increase(seaworthy_security_events_total{kind=~"sign-in.*|account.locked"}${per}))`,
            ],
          ],
        },
        {
          title: 'Jobs and applications',
          unit: 'short',
          lines: [
            [
              '{{action}}',
              `sum by (action) (increase(seaworthy_actions_total{action=~"(job|application)[.].*"}${per}))`,
            ],
          ],
        },
        {
          title: 'Contracts',
          unit: 'short',
          lines: [['{{action}}', `sum by (action) (increase(seaworthy_actions_total{action=~"contract[.].*"}${per}))`]],
        },
        {
          title: 'Notifications',
          unit: 'short',
          lines: [['{{kind}}', `sum by (kind) (increase(seaworthy_notifications_total${per}))`]],
        },
      ],
    },
    {
      title: 'Money',
      panels: [
        {
          title: 'Payments',
          unit: 'short',
          lines: [['{{kind}} {{status}}', `sum by (kind, status) (increase(seaworthy_payments_total${per}))`]],
        },
        {
          title: 'Amounts, in minor units',
          unit: 'short',
          lines: [
            [
              '{{kind}} {{currency}}',
              `sum by (kind, currency) (increase(seaworthy_payments_minor_units_total{status="succeeded"}${per}))`,
            ],
          ],
        },
        {
          title: 'Webhooks',
          unit: 'short',
          lines: [['{{effect}}', `sum by (effect) (increase(seaworthy_webhooks_total${per}))`]],
        },
        {
          title: 'Differences from the provider',
          unit: 'short',
          kind: 'stat',
          lines: [['differences', 'max(seaworthy_schedule_result{schedule="reconciliation",what="differences"})']],
        },
      ],
    },
  ],
}
