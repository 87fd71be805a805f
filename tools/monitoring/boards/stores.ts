import { type Board, rate } from './board.ts'

export const stores: Board = {
  uid: 'stores',
  title: 'PostgreSQL and Redis',
  rows: [
    {
      title: 'PostgreSQL',
      panels: [
        {
          title: 'Connections of the pools',
          unit: 'short',
          lines: [
            ['{{job}} {{instance}} {{state}}', 'seaworthy_db_pool_connections'],
            ['{{job}} {{instance}} waiting', 'seaworthy_db_pool_waiting'],
          ],
        },
        { title: 'Oldest transaction', unit: 's', lines: [['age', 'max(seaworthy_db_oldest_transaction_seconds)']] },
        { title: 'Size', unit: 'bytes', lines: [['database', 'max(seaworthy_db_size_bytes)']] },
        {
          title: 'Slowest statements, by time a second',
          unit: 's',
          needs: 'postgres-exporter',
          lines: [['{{queryid}}', `topk(10, ${rate('pg_stat_statements_seconds_total', 'queryid')})`]],
        },
        {
          title: 'Slowest statements, by time a call',
          unit: 's',
          needs: 'postgres-exporter',
          lines: [
            [
              '{{queryid}}',
              `topk(10, ${rate('pg_stat_statements_seconds_total', 'queryid')} / ${rate('pg_stat_statements_calls_total', 'queryid')})`,
            ],
          ],
        },
      ],
    },
    {
      title: 'Redis',
      panels: [
        {
          title: 'Memory',
          unit: 'bytes',
          lines: [['{{store}}', 'max by (store) (seaworthy_redis_memory_used_bytes)']],
        },
        { title: 'Connections', unit: 'short', lines: [['{{store}}', 'max by (store) (seaworthy_redis_clients)']] },
        {
          title: 'Evicted keys',
          unit: 'short',
          lines: [['{{store}}', 'max by (store) (seaworthy_redis_evicted_keys)']],
        },
      ],
    },
    {
      title: 'Disk',
      panels: [
        {
          title: 'Free',
          unit: 'percentunit',
          lines: [['{{job}} {{instance}}', 'seaworthy_disk_free_bytes / seaworthy_disk_size_bytes']],
        },
      ],
    },
  ],
}
