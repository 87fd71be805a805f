import { control, source } from '../control.ts'
import { seeFly } from '../probes/operations-fly.ts'

const broken = (name: string, find: string, replace: string, red: string) =>
  source(name, 'fly.toml', find, replace, { red })

export const fly = control({
  id: 'OPS-05',
  level: 'must',
  holds:
    'fly.toml holds documented keys only; its release command migrates an empty database, its API and workers start with its variables, answer its checks and are scraped at its ports, and end by its signal within its time; HTTPS is forced, two machines always run, limits fit what the service takes, and a new release comes one machine at a time.',
  because:
    'What Fly does not know it passes over in silence: a check on a path that nobody serves, or a kill after five seconds, is found out by the people who call.',
  code: ['fly.toml', 'src/plugins/address.ts', 'src/plugins/host.ts', 'src/metrics.ts', 'src/migrate.ts'],
  runbook: 'docs/runbooks/fly.md#fly-toml-does-not-hold',
  plane: 'file',
  tier: 'slow',
  needs: ['database', 'redis'],
  own: {},
  probe: seeFly,
  sabotages: [
    broken(
      'a check asks for the wrong path',
      'path = "/health/ready"\n    interval',
      'path = "/healthz"\n    interval',
      'check-fails',
    ),
    broken('one machine is enough', 'min_machines_running = 2', 'min_machines_running = 1', 'one-machine'),
    broken('nothing migrates', '  release_command = "node src/migrate.ts"\n', '', 'no-release-command'),
    broken(
      'the wrong command is run before a release',
      'node src/migrate.ts',
      'node src/purge.ts',
      'release-command-fails',
    ),
    broken('the API is scraped where it serves nothing', 'port = 9091', 'port = 9090', 'no-metrics-there'),
    broken('it is killed while it drains', 'kill_timeout = 60', 'kill_timeout = 20', 'killed-while-it-drains'),
    broken('plain HTTP is answered', 'force_https = true', 'force_https = false', 'https-not-forced'),
    broken('a key is misspelt', 'kill_timeout =', 'kill_timeouts =', 'not-in-the-documentation'),
    broken(
      'workers are stopped for want of requests',
      'processes = ["api"]\n  internal',
      'processes = ["api", "worker"]\n  internal',
      'workers-are-stopped',
    ),
    broken('a machine is full before another one starts', 'soft_limit = 24', 'soft_limit = 80', 'limits-do-not-fit'),
    broken('more is sent than the service takes', 'hard_limit = 200', 'hard_limit = 500', 'limits-do-not-fit'),
    broken('all machines change at once', 'strategy = "canary"', 'strategy = "immediate"', 'all-at-once'),
    broken('nobody says who calls', '  TRUST_PROXY = "fly"\n', '', 'callers-are-one'),
    source(
      'anybody may say who calls',
      'src/plugins/address.ts',
      'return isOfFly(own) && typeof',
      'return own !== undefined && typeof',
      { red: 'anyone-speaks-for-others' },
    ),
  ],
})
