import { type Control, control, source } from '../control.ts'
import { seeProduction } from '../probes/operations-containers.ts'

const compose = 'docker-compose.production.yml'
const shared = { tier: 'docker', needs: ['docker'], own: {} } as const

/** What only the running production shape shows: each brings it up, with secrets and ports of its own. */
export const production: Control[] = [
  control({
    id: 'OPS-03',
    level: 'must',
    holds:
      'docker-compose.production.yml refuses to start without secrets, which are files; every container has a health check, a restart policy and a limit of its log, and they begin in order.',
    because: 'A stack that starts with a default password is a stack that somebody runs with a default password.',
    code: [compose, 'scripts/make-secrets', 'scripts/production'],
    runbook: 'docs/runbooks/production.md#the-production-stack-does-not-get-healthy',
    ...shared,
    probe: seeProduction('start'),
    sabotages: [
      source('secrets have a default', compose, `\${SECRETS_DIR:?run ./scripts/make-secrets}`, `\${SECRETS_DIR:-.}`, {
        red: 'it-refuses-to-start-without-secrets-dir',
      }),
      source(
        'a default password',
        compose,
        'POSTGRES_PASSWORD_FILE: /run/secrets/postgres_superuser_password',
        'POSTGRES_PASSWORD: postgres',
        { red: 'no-secret-has-a-default' },
      ),
      source('nothing is started again', compose, '  restart: unless-stopped\n', '', {
        red: 'every-container-is-watched-started-again-and-its-log-limited',
      }),
      source('a health check asks for the wrong path', compose, '8081/live', '8081/nowhere', {
        red: 'a-clean-start-reaches-healthy',
      }),
    ],
  }),
  control({
    id: 'OPS-08',
    level: 'must',
    holds:
      './scripts/rollback is one command, and was exercised: after a deploy it brings the release before, and a release that never gets ready stops the deploy while the old one serves.',
    because: 'The first rollback of a team is at three in the morning; one that was never tried fails then.',
    code: ['scripts/deploy', 'scripts/rollback', 'scripts/production'],
    runbook: 'docs/runbooks/production.md#a-release-has-to-go-back',
    ...shared,
    probe: seeProduction('deploy'),
    sabotages: [
      source('it goes to the wrong image', 'scripts/rollback', 's/^PREVIOUS_IMAGE=', 's/^IMAGE=', {
        red: 'a-rollback-brings-the-release-before',
      }),
      source('nobody waits for a release', 'scripts/deploy', '"$new")" = healthy ]; do', '"$new")" != x ]; do', {
        red: 'a-release-that-never-gets-ready-stops-the-deploy',
      }),
    ],
  }),
]

export const containersConfined = control({
  id: 'SEC-33',
  level: 'must',
  holds:
    'Every container of production runs as a numbered user that is not root, on files that it can not change, without any capability, and can gain none.',
  because: 'Whoever gets into a process as root of a container is one kernel bug from the machine.',
  code: [compose, 'Dockerfile', 'nginx/certificates/Dockerfile'],
  runbook: 'docs/runbooks/containers.md#a-container-may-do-more-than-it-needs',
  ...shared,
  probe: seeProduction('confined'),
  sabotages: [
    source('one runs as root', 'nginx/certificates/Dockerfile', 'USER 101:101', 'USER 0:0', {
      red: 'containers-are-confined',
    }),
    source('capabilities stay', compose, '  cap_drop: [ALL]\n', '', { red: 'containers-are-confined' }),
    source('privileges can be gained', compose, "  security_opt: ['no-new-privileges:true']\n", '', {
      red: 'containers-are-confined',
    }),
    source('their files can be changed', compose, '  read_only: true\n', '', { red: 'containers-are-confined' }),
  ],
})

export const storesClosed = control({
  id: 'SEC-34',
  level: 'must',
  holds:
    'Only the edge publishes ports; stores and replicas are in networks that lead nowhere; PostgreSQL, PgBouncer and each Redis refuse who has no password, a wrong one, or no TLS.',
  because: 'Databases without a password on an open port are found within hours, and held to ransom.',
  code: [compose, 'stores/pg_hba.conf', 'stores/pgbouncer.ini', 'stores/redis/common.conf', 'scripts/make-secrets'],
  runbook: 'docs/runbooks/production.md#a-store-can-be-reached',
  ...shared,
  probe: seeProduction('closed'),
  sabotages: [
    source(
      'PostgreSQL is published',
      compose,
      '    stop_signal: SIGINT\n',
      "    stop_signal: SIGINT\n    ports: ['5432']\n",
      {
        red: 'only-the-edge-is-published',
      },
    ),
    source('the network of stores leads outside', compose, '  data: { internal: true }', '  data: {}', {
      red: 'the-networks-of-stores-and-replicas-lead-nowhere',
    }),
    source('Redis wants no password', 'scripts/make-secrets', 'on >$(text redis-$store-password)', 'on nopass', {
      red: 'strangers-are-refused-by-every-store',
    }),
    source('PgBouncer believes everyone', 'stores/pgbouncer.ini', 'auth_type = scram-sha-256', 'auth_type = trust', {
      red: 'strangers-are-refused-by-every-store',
    }),
    source(
      'PostgreSQL believes everyone',
      'stores/pg_hba.conf',
      'hostssl seaworthy  seaworthy_service   all      scram-sha-256',
      'hostssl seaworthy  seaworthy_service   all      trust',
      { red: 'strangers-are-refused-by-every-store' },
    ),
  ],
})

export const containersLimited = control({
  id: 'SCA-06',
  level: 'must',
  holds:
    'Every container has limits and reservations of memory and a limit of processors, and stays inside them under load.',
  because: 'One that leaks takes the machine with it, and then the database is what the kernel kills.',
  code: [compose, 'scripts/production'],
  runbook: 'docs/runbooks/production.md#a-container-meets-its-limit',
  ...shared,
  probe: seeProduction('limits'),
  sabotages: [
    source('one may take all memory', compose, "limits: { cpus: '0.5', memory: 64M }", "limits: { cpus: '0.5' }", {
      red: 'every-container-has-limits-and-reservations',
    }),
    source('one reserves nothing', compose, '        reservations: { memory: 512M }\n', '', {
      red: 'every-container-has-limits-and-reservations',
    }),
  ],
})
