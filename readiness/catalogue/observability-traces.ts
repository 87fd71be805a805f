// Traces, reports of errors and profiles: what leads to the cause of one failure.
import { type Control, config, control, removed, source, sources } from '../control.ts'
import { errorsAreReported, oneTry } from '../probes/observability-errors.ts'
import { profilesAreOptional } from '../probes/observability-profiles.ts'
import { fifth, tracesAreChosen } from '../probes/observability-sampling.ts'
import { oneTrace } from '../probes/observability-traces.ts'

const [app, run, queues] = ['src/app.ts', 'src/run.ts', 'src/lib/queues.ts']
const [spans, tracing, reports] = ['src/lib/spans.ts', 'src/lib/tracing.ts', 'src/lib/error-reports.ts']
const [plugin, profile] = ['src/plugins/tracing.ts', 'src/plugins/profile.ts']

export const observabilityTraces: Control[] = [
  control({
    id: 'OBS-12',
    level: 'must',
    holds:
      'One trace, that of the caller, goes through HTTP, SQL, Redis, outbox, queue, jobs, the call to the payment provider, which is told of it, and the mail; answer and log lines have its id, and no span has personal data.',
    because:
      'The failure is three processes away from the complaint: where the trace stops at the queue, nobody finds out whose request a mail belongs to.',
    code: [
      spans,
      tracing,
      plugin,
      queues,
      'src/db/outbox.ts',
      'src/db/client.ts',
      'src/lib/redis.ts',
      'src/lib/mailer.ts',
    ],
    runbook: 'docs/runbooks/telemetry.md#a-trace-has-a-gap',
    needs: ['api', 'worker', 'database', 'redis', 'mail', 'payments', 'spans'],
    // It lets a mail fail, and reads all that is exported.
    own: {},
    probe: oneTrace,
    sabotages: [
      source('the job loses it', queues, 'requestId, traceparent: traceparent() }', 'requestId }', {
        red: 'no-consumer-span',
      }),
      source('the outbox loses it', 'src/db/outbox.ts', 'traceparent: traceparent() ?? null', 'traceparent: null', {
        red: 'no-publish-span',
      }),
      removed(app, '  await app.register(tracing, { begin, slow: config.requestLog.slow })', {
        red: 'answer-without-trace',
      }),
      removed(spans, "    if (parent) request.headers.set('traceparent', parent)", { red: 'outside-not-told' }),
      removed(plugin, "        reply.header('traceresponse', present())", { red: 'answer-without-trace' }),
      removed('src/lib/log.ts', '    mixin: traceIds,', { red: 'line-without-trace' }),
      removed('src/lib/redis.ts', '  trace(redis, url)', { red: 'no-redis-span' }),
      source('spans have what people search for', plugin, "'http.route': route", "'http.route': request.url", {
        red: 'personal-data',
      }),
      source(
        'spans have the recipient',
        'src/lib/mailer.ts',
        'attributes: server }, send)',
        'attributes: { ...server, to: mail.to } }, send)',
        {
          red: 'personal-data',
        },
      ),
    ],
  }),

  control({
    id: 'OBS-13',
    level: 'must',
    holds:
      'Traces that begin here are recorded by TRACE_RATIO, whole or not at all, and those of a caller as the caller says; a request that is not recorded and fails or is slow leaves one server span, with its error, its parent and the ids of its log line.',
    because:
      'To record all costs more than the service, and to record a few loses the very ones that failed, unless these are kept in any case.',
    code: [tracing, plugin, spans],
    runbook: 'docs/runbooks/telemetry.md#too-few-or-too-many-traces',
    needs: ['api', 'database', 'redis', 'spans'],
    // It cuts the database off.
    own: fifth,
    probe: tracesAreChosen,
    sabotages: [
      source('nothing is kept after the fact', tracing, 'span ?? (keep ? start() : undefined)', 'span ?? void keep', {
        red: 'failure-without-span',
      }),
      source('slow ones are not kept', plugin, 'failed || elapsedTime >= slow', 'failed', { red: 'slow-without-span' }),
      source(
        'the caller is not asked',
        tracing,
        'caller ? (caller.traceFlags & TraceFlags.SAMPLED) > 0 : exporting?.isChosen(ids.traceId)',
        'exporting?.isChosen(ids.traceId)',
        { red: 'parent-not-respected' },
      ),
      source(
        'everything is recorded',
        tracing,
        'new TraceIdRatioBasedSampler(ratio)',
        'new TraceIdRatioBasedSampler(1)',
        {
          red: 'not-by-ratio',
        },
      ),
      source('a span of its own making', tracing, 'next?.spanId ?? randomHex(8)', 'randomHex(8)', { red: 'other-ids' }),
      source('the parent is lost', tracing, '{ kind, startTime }, around)', '{ kind, startTime }, ROOT_CONTEXT)', {
        red: 'parent-not-respected',
      }),
      config('nothing is recorded by ratio', { TRACE_RATIO: '0' }, { red: 'not-by-ratio' }),
    ],
  }),

  control({
    id: 'OBS-14',
    level: 'must',
    holds:
      'An error that nobody foresaw, and a job that failed for the last time, arrive once at Sentry with release, deployment, request id, user id where there is one, and trace id; refusals do not, nothing personal does, and without SENTRY_DSN nobody is called.',
    because:
      'An error that stands only in the log is found when a customer complains; one that is sent with its request has given passwords to a third party.',
    code: [reports, run, 'src/lib/log.ts', 'src/lib/log-errors.ts', 'src/plugins/problems.ts', 'src/worker.ts'],
    runbook: 'docs/runbooks/telemetry.md#errors-are-not-reported',
    needs: ['api', 'worker', 'database', 'redis', 'mail', 'errors'],
    // The database refuses rows, and the mail server a recipient.
    own: oneTry,
    probe: errorsAreReported,
    sabotages: [
      sources(
        'the body is sent',
        [
          {
            file: 'src/plugins/problems.ts',
            find: 'userId: request.viewer?.id }',
            replace: 'userId: request.viewer?.id, sent: JSON.stringify(request.body) }',
          },
          { file: reports, find: "'eventId', 'schedule']", replace: "'eventId', 'schedule', 'sent']" },
        ],
        { red: 'personal-data' },
      ),
      source('nobody is told of errors', run, 'onError: reports.report', 'onError: () => {}', { red: 'no-event' }),
      source('whose request it was is not told', reports, 'scope.setUser({ id: userId })', 'scope.setUser({})', {
        red: 'event-without-user',
      }),
      source('no release', run, 'release: `seaworthy@${version}`', "release: ''", { red: 'event-without-release' }),
      source(
        'a job that dies is a warning',
        'src/worker.ts',
        'log.error({ err: error, eventId: id, requestId }',
        'log.warn({ err: error, eventId: id, requestId }',
        { red: 'no-event-of-the-job' },
      ),
      config('without a DSN', { SENTRY_DSN: '' }, { red: 'no-event' }),
    ],
  }),

  control({
    id: 'OBS-15',
    level: 'should',
    holds:
      'PROFILE_RATIO writes profiles of the CPU during a share of the requests, named by operation and request id and kept for 24 hours; at 0, its default, there is none.',
    because:
      'What makes one operation slow under real traffic cannot be seen on a laptop; a profiler that always runs makes all of them slow, and fills the disk.',
    code: [profile],
    runbook: 'docs/runbooks/telemetry.md#profiles-are-missing-or-too-many',
    needs: ['database', 'redis'],
    own: {},
    probe: profilesAreOptional,
    sabotages: [
      source(
        'always on',
        app,
        'register(profile, config.profiles)',
        'register(profile, { ...config.profiles, ratio: 1 })',
        {
          red: 'profiled-at-zero',
        },
      ),
      removed(app, '  await app.register(profile, config.profiles)', { red: 'no-profile' }),
      removed(profile, '        await forgetOld(folder)', { red: 'old-kept' }),
      source('nobody can tell which operation', profile, 'operationOf(request), request.id', "'request', request.id", {
        red: 'not-by-operation',
      }),
    ],
  }),
]
