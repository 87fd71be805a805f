// What is counted: that it is there, true and bounded, and seen by nobody outside.
import { type Control, config, control, removed, source, sources } from '../control.ts'
import { actionsAreCounted } from '../probes/observability-domain.ts'
import { metricsAreApart, noPathLeadsThere } from '../probes/observability-metrics.ts'
import { saturationIsSeen, smallPool } from '../probes/observability-saturation.ts'
import { answersAreCounted } from '../probes/observability-series.ts'
import { timedByName } from '../probes/performance-timed.ts'
import { oneByOne, queuesAreSeen } from '../probes/queue-metrics.ts'

const [app, metrics, vitals] = ['src/app.ts', 'src/lib/metrics.ts', 'src/vitals.ts']
const [queues, queueMetrics] = ['src/lib/queues.ts', 'src/lib/queue-metrics.ts']
const requestMetrics = 'src/plugins/request-metrics.ts'
const audit = 'src/modules/audit/audit.service.ts'
const settlement = 'src/modules/payments/settlement.service.ts'
const notifications = 'src/modules/notifications/notifications.service.ts'
const webhooks = 'src/modules/payments/webhooks.service.ts'

export const observabilityMetrics: Control[] = [
  control({
    id: 'OBS-07',
    level: 'must',
    holds:
      'An API serves its metrics on a port of their own and a worker on that of its health; no path, field or host of the public port leads to them.',
    because:
      'Metrics tell how much is earned, what fails and which versions run; they were found by search engines where they stood beside the API.',
    code: ['src/metrics.ts', 'src/worker.ts', 'src/server.ts'],
    runbook: 'docs/runbooks/telemetry.md#metrics-are-missing-or-public',
    needs: ['api', 'worker'],
    probe: metricsAreApart,
    look: async ({ get }) => ({ refused: await noPathLeadsThere(get) }),
    sabotages: [
      source(
        'the public port has them too',
        app,
        '  await app.register(home, { page: homePage })\n',
        `  await app.register(home, { page: homePage })
  app.get('/metrics', { schema: { hide: true }, config: { access: 'public', limit: 'none' } }, async (_request, reply) =>
    reply.type('text/plain').send(await metrics.text()),
  )
`,
        { red: 'reachable-at-the-public-port' },
      ),
      source('nobody opens their port', 'src/server.ts', 'const parts = [startMetrics, ', 'const parts = [', {
        red: 'no-metrics',
      }),
      source('the worker has none', 'src/worker.ts', "if (url === '/metrics')", "if (url === '/prometheus')", {
        red: 'no-metrics-of-the-worker',
      }),
    ],
  }),

  control({
    id: 'OBS-08',
    level: 'must',
    holds:
      'Each answer is counted once with its duration, by operation, method and class of status; a thousand made-up paths, users, ids, fields and methods add no series.',
    because:
      'A label that callers choose is a way to fill the memory of Prometheus, and then nobody sees anything; an error rate without the errors is always good.',
    code: [requestMetrics, metrics],
    runbook: 'docs/runbooks/telemetry.md#requests-are-counted-wrongly',
    needs: ['api', 'database', 'redis'],
    // It counts: nobody else may call.
    own: {},
    probe: answersAreCounted,
    sabotages: [
      removed(app, '  await app.register(requestMetrics, { metrics })', { red: 'not-counted' }),
      sources(
        'a label is the raw URL',
        [
          { file: requestMetrics, find: "'method', 'status'],", replace: "'method', 'status', 'path'] as never," },
          { file: requestMetrics, find: 'status }, reply', replace: 'status, path: request.url } as never, reply' },
        ],
        { red: 'adds-series' },
      ),
      source(
        'only successes are counted',
        requestMetrics,
        '      const { schema, url } = request.routeOptions\n',
        '      if (reply.statusCode >= 500) return\n      const { schema, url } = request.routeOptions\n',
        { red: 'errors-not-counted' },
      ),
      source('milliseconds for seconds', requestMetrics, 'reply.elapsedTime / 1000', 'reply.elapsedTime', {
        red: 'duration-wrong',
      }),
    ],
  }),

  control({
    id: 'OBS-09',
    level: 'must',
    holds:
      'CPU, memory, delay and utilisation of the event loop, GC, pool, disk, Redis, database and queues have a sample at each process that they concern, and it moves with what it measures.',
    because:
      'A pool that was full for an hour looks like a slow database to everyone who can see only that answers are late.',
    code: [vitals, metrics, 'src/db/vitals.ts', queueMetrics],
    runbook: 'docs/runbooks/telemetry.md#saturation-has-no-sample',
    needs: ['api', 'worker', 'database', 'redis'],
    // It fills the pool, and stops the API for a moment.
    own: smallPool,
    probe: saturationIsSeen,
    sabotages: [
      source('no pool in use', vitals, "      this.set({ state: 'in_use' }, total - idle)\n", '', {
        red: 'missing-sample',
      }),
      source('nobody ever waits for a connection', vitals, 'this.set(poolUse().waiting)', 'this.set(0)', {
        red: 'pool-does-not-move',
      }),
      removed(metrics, '    collectDefaultMetrics({ register: registry })', { red: 'missing-sample' }),
      source('another field of what Redis says', vitals, "'used_memory']", "'used_memory_dataset_start']", {
        red: 'redis-does-not-move',
      }),
      source(
        'an event loop that is never busy',
        metrics,
        'this.set(performance.eventLoopUtilization(now, last).utilization)',
        'this.set(0)',
        { red: 'event-loop-does-not-move' },
      ),
      removed('src/run.ts', '    watchProcess(services.metrics, { poolUse: resources.poolUse, folder: config.disk })', {
        red: 'missing-sample',
      }),
    ],
  }),

  control({
    id: 'OBS-10',
    level: 'must',
    holds:
      'Sign-ups, sign-ins, jobs, applications, contracts, payments by outcome and amount, notifications, webhooks and reads of the cache are counted once, whichever process did them, and not where the change was rolled back or repeated.',
    because:
      'Payments that all fail leave every technical metric green; a counter that counts repetitions shows a good day while the same call is made over and over.',
    code: [audit, settlement, notifications, webhooks, 'src/lib/cache.ts', 'src/db/committed.ts', 'src/db/client.ts'],
    runbook: 'docs/runbooks/telemetry.md#a-domain-counter-is-wrong',
    needs: ['api', 'worker', 'database', 'redis', 'mail', 'payments'],
    own: {},
    probe: actionsAreCounted,
    sabotages: [
      source('every action twice', audit, 'actions.inc({ action })', 'actions.inc({ action }, 2)', {
        red: 'counted-twice',
      }),
      source(
        'before it is kept',
        audit,
        'afterCommit(tx, () => actions.inc({ action }))',
        'void afterCommit\n    actions.inc({ action })',
        { red: 'undone-is-counted' },
      ),
      source('payments without their amount', settlement, 'currency }, amount)', 'currency })', { red: 'not-counted' }),
      sources(
        'each time that an event is told',
        [
          { file: notifications, find: 'afterCommit(tx, () => sent.inc({ kind }))', replace: 'void afterCommit' },
          {
            file: notifications,
            find: "    await handleOnce(db, 'notifications', event.id,",
            replace:
              "    for (const _ of told[kind]) sent.inc({ kind })\n    await handleOnce(db, 'notifications', event.id,",
          },
        ],
        { red: 'repetition-is-counted' },
      ),
      source(
        'no webhook that is repeated',
        webhooks,
        "    received.inc({ effect: isNew ? effect : 'repeated' })\n",
        '    if (isNew) received.inc({ effect })\n',
        { red: 'webhook-not-counted' },
      ),
      config('the cache is off', { CACHE: 'off' }, { red: 'cache-miscounted' }),
    ],
  }),
]

/** In the list of queues. */
export const queueSeen = control({
  id: 'QUE-04',
  level: 'must',
  holds:
    'Each queue tells how many jobs are in which state, how long the oldest waits, how long jobs waited and ran, and how many failed, were tried again and died.',
  because:
    'A queue that nobody works on is silent: people were not told for a night, and no process was down and no error was logged.',
  code: [queueMetrics, queues],
  runbook: 'docs/runbooks/telemetry.md#a-queue-is-counted-wrongly',
  needs: ['api', 'worker', 'database', 'redis', 'mail'],
  own: oneByOne,
  probe: queuesAreSeen,
  sabotages: [
    removed(queues, '  metrics.watch(queues)', { red: 'no-depth' }),
    source(
      'the oldest has no age',
      queueMetrics,
      'oldest: { labels, value: age }',
      'oldest: { labels, value: age * 0 }',
      {
        red: 'age-does-not-move',
      },
    ),
    source(
      'the wait is not measured',
      queueMetrics,
      'Math.max(0, Date.now() - job.timestamp - (job.opts.delay ?? 0)) / 1000',
      '0',
      { red: 'wait-not-measured' },
    ),
    source('a try that failed is a success', queues, "'delayed' : 'failure')", "'delayed' : 'success')", {
      red: 'failures-not-counted',
    }),
    source('retries are dropped', queueMetrics, '> 0) retries.inc({ queue })', '> 0) retries.inc({ queue }, 0)', {
      red: 'retries-not-counted',
    }),
    removed(queues, '        metrics.died(name)', { red: 'deaths-not-counted' }),
  ],
})

/** In the list of performance. */
export const timedSeen = control({
  id: 'PER-12',
  level: 'should',
  holds:
    'What is timed by name, as every call of something outside, every hash of a password and every export are, has a histogram by outcome, its failures included, and a span that says the kind of its error.',
  because:
    'A dependency that became slow is found in minutes where each call is timed, and in days where only answers are.',
  code: [metrics, 'src/lib/outside.ts'],
  runbook: 'docs/runbooks/telemetry.md#something-timed-has-no-histogram',
  needs: ['api', 'worker', 'database', 'redis', 'mail', 'payments', 'spans'],
  // Provider and mail server fail.
  own: {},
  probe: timedByName,
  sabotages: [
    removed(metrics, "      end({ outcome: 'success' })", { red: 'password-not-timed' }),
    removed(metrics, "      end({ outcome: 'failure' })", { red: 'failure-not-timed' }),
    source('no span', metrics, 'await inSpan(name, { kind: SpanKind.INTERNAL }, work)', 'await work()', {
      red: 'no-span',
    }),
    source(
      'the span hides the error',
      'src/lib/spans.ts',
      '    fail(span, error)\n    throw error',
      '    throw error',
      {
        red: 'no-span',
      },
    ),
    source('hashes are not timed', 'src/lib/passwords.ts', "metrics.timed('password', work)", 'work()', {
      red: 'password-not-timed',
    }),
    source(
      'exports are not timed',
      'src/modules/exports/exports.service.ts',
      "metrics.timed('data-export', () => collect(tx, open.userId))",
      'collect(tx, open.userId)',
      { red: 'data-export-not-timed' },
    ),
  ],
})
