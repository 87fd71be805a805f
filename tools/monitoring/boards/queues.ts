import { type Board, quantile, rate } from './board.ts'

export const queues: Board = {
  uid: 'queues',
  title: 'Queues and outbox',
  rows: [
    {
      title: 'Queues',
      panels: [
        {
          title: 'Jobs',
          unit: 'short',
          lines: [['{{queue}} {{state}}', 'max by (queue, state) (seaworthy_queue_jobs{state!="completed"})']],
        },
        {
          title: 'Oldest that waits',
          unit: 's',
          lines: [['{{queue}}', 'max by (queue) (seaworthy_queue_oldest_waiting_seconds)']],
        },
        { title: 'Workers', unit: 'short', lines: [['{{queue}}', 'max by (queue) (seaworthy_queue_workers)']] },
        {
          title: 'Wait, 95 %',
          unit: 's',
          lines: [['{{queue}}', quantile(0.95, 'seaworthy_queue_wait_duration_seconds', 'queue')]],
        },
        {
          title: 'Run, 95 %',
          unit: 's',
          lines: [['{{queue}}', quantile(0.95, 'seaworthy_queue_run_duration_seconds', 'queue')]],
        },
        {
          title: 'Ends',
          unit: 'reqps',
          lines: [
            ['{{queue}} {{outcome}}', rate('seaworthy_queue_run_duration_seconds_count', 'queue, outcome')],
            ['{{queue}} retries', rate('seaworthy_queue_retries_total', 'queue')],
          ],
        },
      ],
    },
    {
      title: 'Outbox and schedules',
      panels: [
        {
          title: 'Events that wait',
          unit: 'short',
          lines: [
            ['waiting', 'max(seaworthy_outbox_waiting)'],
            ['dead letters', 'max(seaworthy_dead_letters)'],
          ],
        },
        { title: 'Oldest event', unit: 's', lines: [['age', 'max(seaworthy_outbox_oldest_seconds)']] },
        {
          title: 'Schedules',
          unit: 'reqps',
          lines: [['{{schedule}} {{outcome}}', rate('seaworthy_schedule_runs_total', 'schedule, outcome')]],
        },
      ],
    },
  ],
}
