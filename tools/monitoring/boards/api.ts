import { type Board, per, quantile, rate, requests } from './board.ts'

export const api: Board = {
  uid: 'api',
  title: 'API',
  rows: [
    {
      title: 'By operation',
      panels: [
        { title: 'Requests', unit: 'reqps', lines: [['{{operation}}', rate(`${requests}_count`, 'operation')]] },
        {
          title: 'Errors of ours',
          unit: 'reqps',
          lines: [['{{operation}}', `${rate(`${requests}_count{status="5xx"}`, 'operation')} or vector(0)`]],
        },
        { title: 'Duration, 95 %', unit: 's', lines: [['{{operation}}', quantile(0.95, requests, 'operation')]] },
      ],
    },
    {
      title: 'Refusals',
      panels: [
        {
          title: 'By limits',
          unit: 'reqps',
          lines: [['{{policy}}', `${rate('seaworthy_limit_refusals_total', 'policy')} or vector(0)`]],
        },
        {
          title: 'For want of room',
          unit: 'reqps',
          lines: [['{{reason}}', `${rate('seaworthy_requests_shed_total', 'reason')} or vector(0)`]],
        },
        {
          title: 'Security events',
          unit: 'reqps',
          lines: [['{{kind}}', rate('seaworthy_security_events_total', 'kind')]],
        },
      ],
    },
    {
      title: 'Process',
      panels: [
        {
          title: 'Event loop delay, 99 %',
          unit: 's',
          lines: [['{{job}} {{instance}}', 'nodejs_eventloop_lag_p99_seconds']],
        },
        { title: 'Heap in use', unit: 'bytes', lines: [['{{job}} {{instance}}', 'nodejs_heap_size_used_bytes']] },
        {
          title: 'CPU',
          unit: 'percentunit',
          lines: [['{{job}} {{instance}}', `rate(process_cpu_seconds_total${per})`]],
        },
        {
          title: 'Garbage collection',
          unit: 'percentunit',
          lines: [['{{kind}}', `sum by (kind) (rate(nodejs_gc_duration_seconds_sum${per}))`]],
        },
        {
          title: 'In progress and waiting',
          unit: 'short',
          lines: [
            ['in progress', 'sum(seaworthy_requests_in_progress)'],
            ['waiting', 'sum(seaworthy_requests_waiting)'],
          ],
        },
        { title: 'Cache reads', unit: 'reqps', lines: [['{{result}}', rate('seaworthy_cache_reads_total', 'result')]] },
      ],
    },
    {
      title: 'What is outside',
      panels: [
        {
          title: 'Breakers: 0 closed, 1 half-open, 2 open',
          unit: 'short',
          lines: [['{{name}} {{instance}}', 'seaworthy_breaker_state']],
        },
        {
          title: 'Calls',
          unit: 'reqps',
          lines: [['{{name}} {{outcome}}', rate('seaworthy_timed_duration_seconds_count', 'name, outcome')]],
        },
        {
          title: 'Duration of calls, 95 %',
          unit: 's',
          lines: [['{{name}}', quantile(0.95, 'seaworthy_timed_duration_seconds', 'name')]],
        },
      ],
    },
  ],
}
