// The variables of what is told about the service: logs, traces, errors, profiles.
import { Type } from 'typebox'
import { milliseconds, url } from './environment.kit.schemas.ts'

const share = (of: string, otherwise: number) =>
  Type.Number({
    minimum: 0,
    maximum: 1,
    should: 'a number from 0 to 1',
    default: otherwise,
    description: `Share of ${of}, from 0 to 1`,
  })

export const telemetry = {
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least level that is logged',
  }),
  LOG_FORMAT: Type.Enum(['json', 'pretty'], {
    default: 'json',
    description: 'JSON for machines, pretty for a terminal',
  }),
  LOG_SUCCESS_RATIO: share(
    'quick successes whose line is written; failures, refusals and slow requests always have one',
    1,
  ),
  LOG_FILE: Type.Optional(
    Type.String({
      pattern: '^/.',
      maxLength: 1000,
      should: 'the absolute path of a file',
      description: 'File that gets the lines too, in five parts of 10 MB at most; usually standard output is enough',
    }),
  ),
  SLOW_REQUEST_MS: milliseconds(1000, 'Time from which a request is slow: it always has a line and a span'),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    url(
      'https|http',
      'Collector of traces (OTLP over HTTP), such as http://localhost:4318; nothing is recorded without',
    ),
  ),
  TRACE_RATIO: share('the traces that begin here which are recorded; those of a caller follow the caller', 0.1),
  SENTRY_DSN: Type.Optional(
    url('https|http', 'Where errors are reported (a DSN of Sentry, which is no secret); nobody is called without'),
  ),
  PROFILE_RATIO: share('requests during which the CPU is profiled, one at a time', 0),
  PROFILE_DIR: Type.String({
    pattern: '^/.',
    maxLength: 1000,
    should: 'the absolute path of a folder',
    default: '/tmp/seaworthy-profiles',
    description: 'Folder of the profiles, which are kept for 24 hours',
  }),
}
