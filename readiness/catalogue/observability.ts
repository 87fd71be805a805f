import { type Control, config, control, removed, source } from '../control.ts'
import { linesAreJson } from '../probes/observability-lines.ts'
import { idGoesEverywhere, idIsTakenOrMade } from '../probes/observability-request-id.ts'
import { eventsAreRecorded, fewReads } from '../probes/observability-security.ts'
import { observabilityAlerts } from './observability-alerts.ts'
import { observabilityAlertRoutes } from './observability-alerts-routes.ts'
import { observabilityDashboards } from './observability-dashboards.ts'
import { observabilityLogs } from './observability-logs.ts'
import { observabilityMetrics } from './observability-metrics.ts'
import { observabilityOutside } from './observability-outside.ts'
import { observabilitySlos } from './observability-slos.ts'
import { observabilityTraces } from './observability-traces.ts'

export const observability: Control[] = [
  control({
    id: 'OBS-01',
    level: 'must',
    holds:
      'API and worker log one JSON object a line, with level by name, UTC time, service, version and deployment; level and format follow the environment.',
    because:
      'A line that a collector cannot parse is lost when it is needed: an outage was read from raw terminals, because a stack trace of thirty lines had become thirty events without time or service.',
    code: ['src/lib/log.ts', 'src/run.ts', 'src/plugins/request-log.ts'],
    runbook: 'docs/runbooks/logs.md#lines-are-not-json',
    needs: ['api', 'worker'],
    probe: linesAreJson,
    sabotages: [
      config('lines for people', { LOG_FORMAT: 'pretty' }, { red: 'line-not-json' }),
      source('time as a number', 'src/lib/log.ts', 'stdTimeFunctions.isoTime', 'stdTimeFunctions.epochTime', {
        red: 'time-not-iso-utc',
      }),
      source(
        'nobody says which service speaks',
        'src/run.ts',
        'createLog({ ...config.log, ...identity, ',
        'createLog({ ...config.log, ...identity, service: undefined as never, ',
        {
          red: 'service-not-named',
        },
      ),
      source('the level is fixed', 'src/lib/log.ts', '    level,\n    base', "    level: 'info',\n    base", {
        red: 'level-not-obeyed',
      }),
      removed('src/app.ts', '  await app.register(requestLog, config.requestLog)', { red: 'no-line-of-a-request' }),
    ],
  }),
  control({
    id: 'OBS-02',
    level: 'must',
    holds:
      'X-Request-Id is taken when well-formed and made otherwise, and stands on every answer and error, in the log line, in audit trail and outbox, and in the lines of the jobs that follow.',
    because:
      'Without one id from caller to job, a complaint cannot be matched with what the service did; an id taken unseen lets a caller forge log lines.',
    code: [
      'src/plugins/request-id.ts',
      'src/plugins/problems.ts',
      'src/app.ts',
      'src/db/outbox.ts',
      'src/lib/queues.ts',
    ],
    runbook: 'docs/runbooks/logs.md#following-one-request',
    needs: ['api', 'worker', 'redis', 'mail'],
    // It lets a mail fail.
    own: {},
    probe: idGoesEverywhere,
    look: ({ get }) => idIsTakenOrMade(get),
    sabotages: [
      source(
        'the worker makes ids of its own',
        'src/lib/queues.ts',
        "const event = { id: job.id ?? '', requestId: job.data.requestId }",
        "const event = { id: job.id ?? '', requestId: crypto.randomUUID() }",
        { red: 'job-has-another-id' },
      ),
      removed('src/app.ts', '  await app.register(requestId)', { red: 'answer-without-id' }),
      source(
        'a forged id is taken',
        'src/plugins/request-id.ts',
        "typeof given === 'string' && wellFormed.test(given)",
        "typeof given === 'string'",
        { red: 'forged-id-taken' },
      ),
      source('the line has no id', 'src/app.ts', "requestIdLogLabel: 'requestId'", "requestIdLogLabel: 'id'", {
        red: 'line-without-id',
      }),
      source(
        'events lose the id',
        'src/db/outbox.ts',
        'requestId: requestId ?? null,',
        'requestId: null && requestId,',
        {
          red: 'event-without-id',
        },
      ),
    ],
  }),
  control({
    id: 'OBS-03',
    level: 'must',
    holds:
      'Security events (sign-in, failure, delay, lockout, refusal, limit, session, password, block, role) are lines of a logger of their own that no level switches off and no flood swells, with outcome, actor, address hash, user agent, path and request id, and are counted by kind.',
    because:
      'An attack that nobody wrote down is found months later by others, and then nobody can say whose data were read.',
    code: ['src/lib/security-log.ts'],
    runbook: 'docs/runbooks/logs.md#security-events-are-missing',
    needs: ['api', 'database', 'redis'],
    own: fewReads,
    probe: eventsAreRecorded,
    sabotages: [
      source('one kind is dropped', 'src/plugins/authorise.ts', "    security('access.refused', viewer)\n", '', {
        red: 'event-missing',
      }),
      source(
        'LOG_LEVEL switches them off',
        'src/lib/security-log.ts',
        "log.child({ logger: 'security' }, { level: 'info' })",
        "log.child({ logger: 'security' })",
        { red: 'switched-off-by-level' },
      ),
      source(
        'where it came from is not told',
        'src/lib/security-log.ts',
        'requestId, addressHash, userAgent, path }\n    own',
        'requestId, userAgent, path }\n    own',
        { red: 'no-address-hash' },
      ),
      source(
        'a flood is written line by line',
        'src/lib/security-log.ts',
        'second.written >= most',
        'second.written < 0',
        {
          red: 'flood-not-bounded',
        },
      ),
      source('they are not counted', 'src/lib/security-log.ts', '    events.inc({ kind })\n', '', {
        red: 'not-counted',
      }),
    ],
  }),

  ...observabilityLogs,
  ...observabilityMetrics,
  ...observabilityTraces,
  ...observabilityDashboards,
  ...observabilityAlerts,
  ...observabilityAlertRoutes,
  ...observabilityOutside,
  ...observabilitySlos,
]
