// Whether a process tells the truth about itself, and starts and ends in good order.
import { type Control, control, removed, source, sources } from '../control.ts'
import { endsInGoodOrder, refusesToStart } from '../probes/reliability-end.ts'
import { looksLive, looksReadyOrSaysWhy, staysLive, tellsWhenToSendTraffic } from '../probes/reliability-health.ts'
import { restartsWithoutLoss } from '../probes/reliability-restart.ts'
import { patientDatabase } from '../probes/reliability-scene.ts'

export const reliabilityProcesses: Control[] = [
  control({
    id: 'REL-01',
    level: 'must',
    holds:
      'Live says only that the process answers: 200 at once with PostgreSQL and Redis gone or hung, in the same process.',
    because:
      'A liveness check that asks the database restarts every instance when the database fails, and then nobody can serve anything.',
    code: ['src/plugins/health.ts', 'src/db/client.ts'],
    runbook: 'docs/runbooks/health.md#not-live',
    needs: ['api', 'redis'],
    own: patientDatabase,
    probe: staysLive,
    look: looksLive,
    sabotages: [
      source(
        'live fails with the database',
        'src/plugins/health.ts',
        "limit: 'none' },\n    },\n    live,\n  )",
        "limit: 'none' },\n    },\n    async () => {\n      const { status } = await readiness.verdict()\n      if (status !== 'ready') throw new AppError(503, 'NOT_READY', status)\n      return live()\n    },\n  )",
        { red: 'not-live' },
      ),
      source(
        'live waits for the database',
        'src/plugins/health.ts',
        "limit: 'none' },\n    },\n    live,\n  )",
        "limit: 'none' },\n    },\n    async () => {\n      await readiness.verdict()\n      return live()\n    },\n  )",
        { red: 'live-waits' },
      ),
      removed('src/db/client.ts', "  pool.on('error', onError)", { red: 'process-ended' }),
      source('there is no such route', 'src/app.ts', 'app.register(health, {', 'app.register(async () => {}, {', {
        red: 'not-live',
      }),
    ],
  }),

  control({
    id: 'REL-02',
    level: 'must',
    holds:
      'Ready answers within 2 s even when a dependency hangs: 503 naming what fails until all was up once, without schema and while draining; a loss that a row of docs/degraded-modes.md covers is 200 with the name of its mode.',
    because:
      'Traffic that is sent to an instance that can’t serve is lost; one that refuses over a loss that it can bear takes the whole service down.',
    code: ['src/lib/readiness.ts', 'src/db/checks.ts', 'src/plugins/health.ts', 'src/worker.ts'],
    runbook: 'docs/runbooks/health.md#not-ready',
    needs: ['api', 'worker'],
    own: { DRAIN_MS: '2000' },
    probe: tellsWhenToSendTraffic,
    look: looksReadyOrSaysWhy,
    sabotages: [
      source(
        'a constant is answered',
        'src/plugins/health.ts',
        'readyOrNot(await readiness.verdict())',
        "({ status: 'ready' as const, modes: [] })",
        { red: 'ready-without-schema' },
      ),
      removed(
        'src/db/checks.ts',
        "    { name: 'postgres', covered: standby ? 'primary-away' : 'database-away', check: answers },",
        {
          red: 'covered-loss-is-503',
        },
      ),
      removed('src/db/checks.ts', "    { name: 'schema', after: 'postgres', check: schemaIsCurrent },", {
        red: 'ready-without-schema',
      }),
      source(
        'a check may take for ever',
        'src/lib/readiness.ts',
        'Promise.race([answered, tooLong])',
        'Promise.race([answered, tooLong.catch(() => new Promise<never>(() => {}))])',
        { red: 'ready-hangs' },
      ),
      source(
        'a covered loss is 503',
        'src/lib/readiness.ts',
        'if (failing.some(({ covered }) => !covered))',
        'if (failing.length > 0)',
        { red: 'covered-loss-is-503' },
      ),
      removed(
        'src/worker.ts',
        "  services.readiness.watch({ name: 'queue', covered: 'events-wait', check: queues.ping })",
        {
          red: 'table-differs',
        },
      ),
      removed('src/lib/readiness.ts', "    if (draining) return 'draining'", { red: 'ready-while-draining' }),
    ],
  }),

  control({
    id: 'REL-04',
    level: 'must',
    holds:
      'SIGTERM: ready turns 503 first, requests and jobs under way finish, exit 0 inside the grace period; a rolling restart under load loses no request.',
    because: 'Without it every deploy is a small outage, and a job that is cut off is done again or half done.',
    code: [
      'src/run.ts',
      'src/plugins/drain.ts',
      'src/app.ts',
      'src/lib/queues.ts',
      'nginx/site.conf',
      'nginx/upstream.conf',
    ],
    runbook: 'docs/runbooks/health.md#a-deploy-loses-requests',
    needs: ['api', 'redis', 'mail'],
    own: { ...patientDatabase, DRAIN_MS: '3000' },
    lacks:
      'Seen at 100 requests a second, which is what two processors carry while a replica starts: 1,000, the default of npm run test:rolling, need more.',
    probe: restartsWithoutLoss,
    sabotages: [
      removed('src/run.ts', '    await delay(services ? config.http.drain : 0)', { red: 'not-unready-first' }),
      removed('src/app.ts', '  await app.register(drain, { isDraining: services.readiness.isDraining })', {
        red: 'connections-kept',
      }),
      source(
        'requests in flight are cut off',
        'src/app.ts',
        '    return503OnClosing: false,\n',
        '    return503OnClosing: false,\n    forceCloseConnections: true,\n',
        { red: 'in-flight-cut-off' },
      ),
      sources(
        'a worker leaves its jobs',
        [
          { file: 'src/lib/queues.ts', find: '(worker) => worker.close()', replace: '(worker) => worker.close(true)' },
          { file: 'src/lib/queues.ts', find: '    await Promise.allSettled(underWay)\n', replace: '' },
        ],
        { red: 'job-left-behind' },
      ),
      source(
        'the edge asks no other replica',
        'nginx/site.conf',
        'proxy_next_upstream error timeout;\n  }\n  # proxy_next_upstream takes',
        'proxy_next_upstream off;\n  }\n  # proxy_next_upstream takes',
        { red: 'request-lost' },
      ),
    ],
  }),

  control({
    id: 'REL-19',
    level: 'must',
    holds:
      'An error that nobody catches is logged, reported to Sentry, drained and ends the process with non-zero; requests in flight are answered.',
    because:
      'After such an error a process is in an unknown state: one that goes on gives wrong answers, one that just dies cuts callers off.',
    code: ['src/run.ts', 'src/lib/error-reports.ts'],
    runbook: 'docs/runbooks/health.md#the-process-ended-by-itself',
    needs: ['api', 'errors'],
    own: { ...patientDatabase, DRAIN_MS: '1500' },
    lacks: 'It is in no trace of a request, for it belongs to none: Sentry has it.',
    probe: endsInGoodOrder,
    sabotages: [
      source(
        'it is swallowed',
        'src/run.ts',
        '{ delay: http.shutdownTimeout, ',
        "{ skip: ['uncaughtException', 'unhandledRejection'].map((name) => process.on(name, () => {}) && name) as never, delay: http.shutdownTimeout, ",
        { red: 'not-logged' },
      ),
      source(
        'it ends the process at once',
        'src/run.ts',
        "log.fatal({ err }, 'uncaught error: stopping')",
        "process.exit((log.fatal({ err }, 'uncaught error: stopping'), 1))",
        { red: 'not-drained' },
      ),
      source('nobody is told of it', 'src/run.ts', 'onError: reports.report', 'onError: () => {}', {
        red: 'not-reported',
      }),
      source('it ends with 0', 'src/run.ts', "      log.info('stopped')\n", '      process.exit(0)\n', {
        red: 'exit-code-zero',
      }),
    ],
  }),

  control({
    id: 'REL-20',
    level: 'must',
    holds:
      'The configuration is checked at the start: every missing or malformed variable is named at once, exit code 78, nothing half-started.',
    because:
      'A service that starts with a guess, or fails at the first request that needs a value, makes a typo an incident of the night.',
    code: ['src/config.ts', 'src/environment.schemas.ts', 'src/door.ts'],
    runbook: 'docs/runbooks/secrets.md#the-service-refuses-to-start',
    needs: [],
    own: {},
    probe: refusesToStart,
    sabotages: [
      source(
        'a variable has a default',
        'src/environment.schemas.ts',
        "    should: 'an e-mail address',\n",
        "    should: 'an e-mail address',\n    default: 'noreply@example.com',\n",
        { red: 'not-named' },
      ),
      source(
        'only the first problem is named',
        'src/config.ts',
        '      problems.push(`${name} ${(error as Error).message}`)\n',
        '      problems.push(`${name} ${(error as Error).message}`)\n      break\n',
        { red: 'not-named' },
      ),
      source('the exit code is 1', 'src/door.ts', 'ConfigError ? 78 : 1', 'ConfigError ? 1 : 1', { red: 'exit-code' }),
      source('a secret is repeated', 'src/config.ts', "${variable.secret ? '' : `, not", "${!variable ? '' : `, not", {
        red: 'secret-told',
      }),
      source(
        'it is refused when all has begun',
        'src/config.ts',
        'if (problems.length > 0) throw new ConfigError(problems)',
        'if (problems.length === 1) setTimeout(() => Promise.reject(new ConfigError(problems)), 1000)\n  else if (problems.length > 0) throw new ConfigError(problems)',
        { red: 'half-started' },
      ),
    ],
  }),
]
