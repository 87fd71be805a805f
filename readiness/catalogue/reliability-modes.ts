// Whether the service goes on, in part, when what it stands on goes away or takes no writes.
import { type Control, control, removed, source, sources } from '../control.ts'
import { holdsRowByRow } from '../probes/reliability-modes.ts'
import { readsWhileReadOnly } from '../probes/reliability-read-only.ts'
import { servesStaleWithinABound } from '../probes/reliability-stale.ts'

export const reliabilityModes: Control[] = [
  control({
    id: 'REL-11',
    level: 'must',
    holds:
      'PostgreSQL read-only, or an operator’s switch: reads go on and say so, writes are 503 with Retry-After on every replica, and all returns by itself.',
    because:
      'After a failover to a standby most of the service can still be had; one that fails as a whole, or stays read-only until it is restarted, makes minutes into hours.',
    code: [
      'src/plugins/read-only.ts',
      'src/plugins/degraded.ts',
      'src/db/checks.ts',
      'src/modules/switches/switches.service.ts',
    ],
    runbook: 'docs/runbooks/health.md#read-only',
    needs: ['api', 'redis'],
    own: {},
    lacks: 'Reads go to no replica of the database: while the primary is gone they are served from the cache (REL-12).',
    probe: readsWhileReadOnly,
    sabotages: [
      source(
        'it keeps failing after the recovery',
        'src/lib/readiness.ts',
        'losses = failing.flatMap(',
        'losses = losses.includes("read-only") ? losses : failing.flatMap(',
        { red: 'does-not-return' },
      ),
      // One of these is enough while something writes now and then.
      sources(
        'connections stay that take no writes',
        [
          { file: 'src/db/checks.ts', find: '    if (isReadOnly || wasReadOnly) await db.renew()\n', replace: '' },
          {
            file: 'src/db/client.ts',
            find: 'doubt = isAway(error) || isReadOnly(error)',
            replace: 'doubt = isAway(error)',
          },
          { file: 'src/db/transaction.ts', find: 'ended = !isReadOnly(error) && (await', replace: 'ended = (await' },
          // One that rested is tried before it is used: on a busy machine that mends it, too.
          {
            file: 'src/db/connections.ts',
            find: "transaction_read_only === 'off'",
            replace: 'transaction_read_only !== undefined',
          },
        ],
        { red: 'does-not-return' },
      ),
      removed('src/app.ts', '  await app.register(readOnly, { isReadOnly: services.readiness.isReadOnly })', {
        red: 'switch-ignored',
      }),
      removed('src/app.ts', '  await app.register(degraded, { modes: services.readiness.modes })', {
        red: 'not-marked',
      }),
      source('the switch is ignored', 'src/lib/readiness.ts', ', ...switches.names.filter(switches.isOn)', '', {
        red: 'switch-ignored',
      }),
      source(
        'other replicas don’t follow the switch',
        'src/run.ts',
        '      await services.switches.keepFresh(),\n',
        '',
        {
          red: 'not-on-all-replicas',
        },
      ),
      removed(
        'src/modules/switches/switches.service.ts',
        '      await audit(tx, actor, action, row.id, { before: partsOf(row), after: { switch: name, ...partsOf(turned) } })',
        {
          red: 'not-audited',
        },
      ),
      removed('src/db/failures.ts', "  if (isSqlState(error, '25006')) return readOnly(error as Error)", {
        red: 'wrong-answer',
      }),
    ],
  }),

  control({
    id: 'REL-12',
    level: 'must',
    holds:
      'PostgreSQL gone: public reads that were cached are served stale for CACHE_GRACE_MS, marked by Age, Cache-Status and the mode; after that they are 503. The table of degraded modes holds row by row under load: mail, Redis, PostgreSQL and both go and come back.',
    because:
      'Most of what strangers read is a minute old anyway: an outage of the database need not be one of the public pages. Without a bound they would tell of jobs that are long gone.',
    code: ['src/lib/cache.ts', 'src/plugins/cached-answers.ts'],
    runbook: 'docs/runbooks/health.md#degraded',
    needs: ['api', 'worker', 'redis', 'mail'],
    own: { CACHE_GRACE_MS: '60000' },
    probe: async (context) => ({ ...(await servesStaleWithinABound(context)), ...(await holdsRowByRow(context)) }),
    sabotages: [
      source(
        'there is no grace',
        'src/lib/cache.ts',
        'if (!stale || Date.now() > stale.until + grace) return fresh',
        'if (!stale || grace > 0) return fresh',
        {
          red: 'not-served',
        },
      ),
      source(
        'there is no bound',
        'src/lib/cache.ts',
        'if (!stale || Date.now() > stale.until + grace) return fresh',
        'if (!stale) return fresh',
        {
          red: 'served-beyond-the-bound',
        },
      ),
    ],
  }),
]
