import { control, source } from '../control.ts'
import { oneByOne } from '../probes/queue-metrics.ts'
import { scalesOnSignals } from '../probes/scale-out.ts'

export const scaleOut = control({
  id: 'SCA-05',
  level: 'must',
  holds:
    'Workers scale out by the age of what waits and the API by its concurrency: both move under load, and the query of the autoscaler, run by a real Prometheus over them, asks for more machines under a backlog, for a bounded number, and for fewer afterwards.',
  because:
    'A count that is fixed is too high by day or too low in the hour that matters, and a query that names nothing keeps it fixed in silence.',
  code: ['fly/autoscaler.toml', 'fly.toml', 'docs/scaling.md', 'src/lib/queue-metrics.ts', 'src/plugins/admission.ts'],
  runbook: 'docs/runbooks/fly.md#the-number-of-machines-does-not-follow',
  needs: ['api', 'worker', 'redis', 'mail', 'database'],
  own: oneByOne,
  probe: scalesOnSignals,
  sabotages: [
    source('the count is fixed', 'fly/autoscaler.toml', '\n      2, 8\n', '\n      2, 2\n', {
      red: 'no-more-under-backlog',
    }),
    source(
      'the query names a metric that is not there',
      'fly/autoscaler.toml',
      'max_over_time(seaworthy_queue_oldest_waiting_seconds{',
      'max_over_time(seaworthy_queue_age_seconds{',
      { red: 'signal-missing' },
    ),
    source('the query asks for another app', 'fly/autoscaler.toml', 'app="${APP_NAME', 'app="other${APP_NAME', {
      red: 'no-more-under-backlog',
    }),
    source('nothing bounds it', 'fly/autoscaler.toml', '\n      2, 8\n', '\n      2, 8000\n', { red: 'without-bound' }),
    source('no further API starts', 'fly.toml', 'auto_start_machines = true', 'auto_start_machines = false', {
      red: 'api-count-is-fixed',
    }),
    source(
      'the age of what waits stands still',
      'src/lib/queue-metrics.ts',
      '({ timestamp }) => Date.now() - timestamp',
      '({ timestamp }) => timestamp - timestamp',
      { red: 'age-does-not-move' },
    ),
    source('requests at work are not counted', 'src/plugins/admission.ts', 'this.set(working())', 'this.set(0)', {
      red: 'concurrency-does-not-move',
    }),
  ],
})
