import { control, source } from '../control.ts'
import { runbooksCanBeFollowed } from '../probes/operations-runbooks.ts'

const pages = 'docs/runbooks/alerts'

/** In the list of operations. */
export const runbooks = control({
  id: 'OPS-11',
  level: 'must',
  holds:
    'Every alert has a runbook with meaning, impact, first commands, how to confirm, fix and prevent; its links lead somewhere, its scripts, programs and metrics are there, its shell is sound and its SQL is planned by the migrated database; on-call, severity, escalation and communication have templates.',
  because:
    'At three in the morning a command that fails because a column was renamed costs the quarter of an hour that the customers had.',
  code: [`${pages}/README.md`, 'docs/on-call.md', 'monitoring/alerts/service.yml'],
  runbook: 'docs/runbooks/telemetry.md#a-runbook-is-wrong',
  needs: ['api', 'worker', 'database'],
  lacks:
    'Commands of docker compose and PromQL are not run here: the former need containers, the latter are those of alerts and dashboards.',
  probe: runbooksCanBeFollowed,
  sabotages: [
    source('a link is dead', `${pages}/RedisDown.md`, '../queues.md#redis-is-away', '../queues.md#redis-is-gone', {
      red: 'dead-link',
    }),
    source(
      'a script that nobody has',
      `${pages}/DeadLetters.md`,
      'npm run dead-letters -- list  ',
      'npm run dead-mail -- list  ',
      {
        red: 'no-such-command',
      },
    ),
    source('a column that nobody has', `${pages}/OutboxStuck.md`, 'count(published_at)', 'count(told_at)', {
      red: 'sql-refused',
    }),
    source('a loop without its do', `${pages}/RedisDown.md`, '"$WORKER"; do curl', '"$WORKER"; curl', {
      red: 'command-malformed',
    }),
    source('no first commands', `${pages}/RedisDown.md`, '## First commands', '## Some commands', {
      red: 'parts-missing',
    }),
    source('a runbook is gone', 'monitoring/alerts/saturation.yml', '/TransactionOld.md', '/TransactionsOld.md', {
      red: 'no-runbook',
    }),
    source('nobody knows who is next', 'docs/on-call.md', '## Escalation', '## More', { red: 'no-template' }),
    source(
      'a metric is renamed',
      'src/vitals.ts',
      '    seaworthy_db_oldest_transaction_seconds: [',
      '    seaworthy_database_oldest_transaction_seconds: [',
      { red: 'metric-not-told' },
    ),
  ],
})
