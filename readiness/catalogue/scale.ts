import { type Control, control, removed, source, sources } from '../control.ts'
import { patientDatabase } from '../probes/reliability-scene.ts'
import { worksThroughThePooler } from '../probes/scale-pooler.ts'
import { readsInAMinute, replicasShareEverything } from '../probes/scale-replicas.ts'

const sessions = 'src/modules/identity/sessions.service.ts'

export const scale: Control[] = [
  control({
    id: 'SCA-01',
    level: 'must',
    holds:
      'Replicas behind the edge share sessions and their end, limits and what they cache; nobody is tied to one, and killing one loses no request that may be repeated.',
    because:
      'State that one process keeps to itself signs people out at every deploy, multiplies limits and makes a second replica worse than none.',
    code: ['nginx/upstream.conf', 'nginx/site.conf', sessions, 'src/lib/limits.ts', 'src/lib/generations.ts'],
    runbook: 'docs/runbooks/scaling.md#replicas-disagree',
    needs: ['api', 'redis'],
    own: { ...patientDatabase, LIMIT_READ: `${readsInAMinute}/60s`, DATABASE_POOL_MAX: '20' },
    probe: replicasShareEverything,
    sabotages: [
      sources(
        'a session is kept in memory',
        [
          {
            file: sessions,
            find: '  let seenAt = 0\n',
            replace: '  let seenAt = 0\n  const here = new Set<string>()\n',
          },
          { file: sessions, find: '=> ended.has(id),', replace: '=> ended.has(id) || !here.has(id),' },
          {
            file: sessions,
            find: '    return issue(tx, user, session.id)',
            replace: '    here.add(session.id)\n    return issue(tx, user, session.id)',
          },
        ],
        { red: 'session-not-shared' },
      ),
      removed('src/run.ts', '      await services.sessions.keepFresh(),', { red: 'revocation-not-shared' }),
      source(
        'limits are each process’s own',
        'src/lib/limits.ts',
        '    if (!redis) return local.take(key, max, window)',
        '    if (max) return local.take(key, max, window)',
        { red: 'limits-not-shared' },
      ),
      source(
        'a write is told to nobody',
        'src/lib/generations.ts',
        '    if (!redis) return\n    const told',
        '    if (words) return\n    const told',
        { red: 'cache-not-shared' },
      ),
      source(
        'callers are tied to a replica',
        'nginx/upstream.conf',
        '  zone api 256k;',
        '  zone api 256k;\n  ip_hash;',
        { red: 'sticky' },
      ),
      source(
        'what has a key is sent once only',
        'nginx/site.conf',
        '    proxy_next_upstream error timeout non_idempotent;',
        '    proxy_next_upstream off;',
        { red: 'request-lost' },
      ),
    ],
  }),

  control({
    id: 'SCA-03',
    level: 'must',
    holds:
      'Everything works through PgBouncer in transaction mode, many clients on few connections: statements by name, locks, limits of time, money; what has to listen has a connection of its own.',
    because:
      'PostgreSQL takes a few hundred connections, which replicas use up; what needs a session then fails now and then, for somebody else.',
    code: [
      'stores/pgbouncer.ini',
      'stores/logins.sql',
      'src/db/relay.ts',
      'src/db/client.ts',
      'src/config.arrange.ts',
      'tools/pgbouncer.ts',
    ],
    runbook: 'docs/runbooks/scaling.md#the-pooler-refuses-or-waits',
    needs: ['api', 'redis', 'mail', 'payments'],
    own: { OUTBOX_SWEEP_MS: '600000', DATABASE_POOL_MAX: '10' },
    probe: worksThroughThePooler,
    sabotages: [
      source(
        'the relay listens through the pooler',
        'src/config.arrange.ts',
        'v.DATABASE_DIRECT_URL ?? v.DATABASE_URL, every',
        'v.DATABASE_URL, every',
        { red: 'not-woken' },
      ),
      source(
        'a lock is one of the session',
        'src/modules/identity/links.repository.ts',
        'pg_advisory_xact_lock(',
        'pg_advisory_lock(',
        { red: 'lock-left-behind' },
      ),
      source(
        'statements by name are off',
        'stores/pgbouncer.ini',
        'max_prepared_statements = 200',
        'max_prepared_statements = 0',
        { red: 'named-statement-fails' },
      ),
      source(
        'a login has no limit of its own',
        'stores/logins.sql',
        "ALTER ROLE seaworthy_service SET statement_timeout = '5s';\n",
        '',
        { red: 'statement-goes-on' },
      ),
      source(
        'a transaction may be idle for ever',
        'stores/logins.sql',
        "ALTER ROLE seaworthy_service SET idle_in_transaction_session_timeout = '10s';\n",
        '',
        { red: 'idle-transaction-goes-on' },
      ),
      source(
        'connections stay with a client',
        'stores/pgbouncer.ini',
        'pool_mode = transaction',
        'pool_mode = session',
        {
          red: 'pool-is-full',
        },
      ),
    ],
  }),
]
