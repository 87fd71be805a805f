import { type Board, quantile, rate, requests } from './board.ts'

export const overview: Board = {
  uid: 'overview',
  title: 'Overview',
  rows: [
    {
      title: 'Objectives over 30 days',
      panels: [
        {
          title: 'Budget that is left',
          unit: 'percentunit',
          kind: 'stat',
          lines: [['{{slo}}', 'slo:budget:remaining_ratio']],
        },
        {
          title: 'Burn in the last hour',
          unit: 'short',
          lines: [['{{slo}}', 'slo:bad:ratio_rate1h / on (slo) (1 - slo:objective)']],
        },
        { title: 'Degraded modes', unit: 'short', lines: [['{{mode}}', 'max by (mode) (seaworthy_degraded_mode)']] },
      ],
    },
    {
      title: 'Rate, errors, duration',
      panels: [
        { title: 'Requests', unit: 'reqps', lines: [['{{status}}', rate(`${requests}_count`, 'status')]] },
        {
          title: 'Share of errors of ours',
          unit: 'percentunit',
          lines: [['5xx', `(${rate(`${requests}_count{status="5xx"}`)} or vector(0)) / ${rate(`${requests}_count`)}`]],
        },
        {
          title: 'Duration',
          unit: 's',
          lines: [
            ['half', quantile(0.5, requests, '')],
            ['95 %', quantile(0.95, requests, '')],
            ['99 %', quantile(0.99, requests, '')],
          ],
        },
      ],
    },
    {
      title: 'What may fill up',
      panels: [
        {
          title: 'Event loop in use',
          unit: 'percentunit',
          lines: [['{{job}} {{instance}}', 'nodejs_eventloop_utilization_ratio']],
        },
        {
          title: 'Jobs that wait',
          unit: 'short',
          lines: [['{{queue}}', 'max by (queue) (seaworthy_queue_jobs{state="waiting"})']],
        },
        { title: 'Oldest event', unit: 's', lines: [['outbox', 'max(seaworthy_outbox_oldest_seconds)']] },
      ],
    },
  ],
}
