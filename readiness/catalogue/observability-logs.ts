// How much is written down, and where it goes.
import { type Control, config, control, removed, source } from '../control.ts'
import { filesRotate } from '../probes/observability-log-files.ts'
import { quiet, successesAreSampled } from '../probes/observability-log-sampling.ts'
import { linesAreFound } from '../probes/observability-log-store.ts'

const [log, requestLog] = ['src/lib/log.ts', 'src/plugins/request-log.ts']
const [compose, shipping] = ['compose.yaml', 'monitoring/compose.yaml']
const glob = '-fileCollector.glob=/logs/*.log'
const storeUrl = '      - -remoteWrite.url=http://victoria-logs:9428/insert/native\n'

export const observabilityLogs: Control[] = [
  control({
    id: 'OBS-04',
    level: 'should',
    holds:
      'With LOG_FILE lines go to a file too, in parts of 10 MB of which five at most are there; standard output has them all the same.',
    because: 'A log that grows for ever fills the disk, and then the service stands still because of what it said.',
    code: [log],
    runbook: 'docs/runbooks/logs.md#a-log-file-grows',
    needs: ['database', 'redis'],
    own: {},
    probe: filesRotate,
    sabotages: [
      source('it never rotates', log, "size: '10m', ", "size: '10g', ", { red: 'never-rotated' }),
      source('all parts are kept', log, ', limit: { count: 4, removeOtherLogFiles: true }', '', {
        red: 'too-many-kept',
      }),
      source('LOG_FILE changes nothing', log, 'const both = file && [', "const both = file === '' && [", {
        red: 'no-file',
      }),
      source('only the file has the lines', log, '[output, openFile(file)]', '[openFile(file)]', {
        red: 'not-on-standard-output',
      }),
    ],
  }),

  control({
    id: 'OBS-05',
    level: 'should',
    holds:
      'LOG_SUCCESS_RATIO is the share of quick successes that have a line; refusals, failures, slow requests and security events have theirs always.',
    because:
      'Nine lines of ten say that all is well and cost nine tenths of the store; the one that says what went wrong must not be thrown away with them.',
    code: [requestLog, 'src/lib/security-log.ts'],
    runbook: 'docs/runbooks/logs.md#a-request-has-no-line',
    needs: ['api', 'database', 'redis'],
    // It cuts the database off.
    own: quiet,
    probe: successesAreSampled,
    sabotages: [
      source('errors are sampled too', requestLog, 'isQuickSuccess && Math', 'Math', { red: 'refusal-without-line' }),
      source(
        'failures are sampled',
        requestLog,
        'reply.statusCode < 400 &&',
        '(reply.statusCode < 400 || reply.statusCode >= 500) &&',
        {
          red: 'failure-without-line',
        },
      ),
      source('slow ones are sampled', requestLog, ' && reply.elapsedTime < slow', ' && slow > 0', {
        red: 'slow-without-line',
      }),
      removed(requestLog, '      if (isQuickSuccess && Math.random() >= successRatio) return', {
        red: 'success-logged',
      }),
      config('nothing is sampled', { LOG_SUCCESS_RATIO: '1' }, { red: 'success-logged' }),
    ],
  }),

  control({
    id: 'OBS-06',
    level: 'should',
    holds:
      'The log lines of API and worker go to a store that is asked for them by request id; what is written while store and shipper are away arrives later, once, from rotated files too.',
    because:
      'With lines in two places and a container that is gone since, nobody can say what became of a request that someone complains of.',
    code: [shipping, compose, log],
    runbook: 'docs/runbooks/logs.md#a-line-is-not-in-the-store',
    tier: 'slow',
    needs: ['database', 'redis', 'mail', 'spans', 'go'],
    // It cuts the database off.
    own: {},
    lacks:
      'A store or shipper that is killed, instead of stopped, loses the last 5 seconds or sends up to a minute of lines twice.',
    probe: linesAreFound,
    sabotages: [
      source(
        'the shipper is stopped',
        shipping,
        '    image: victoriametrics/vlagent:',
        '    profiles: [never]\n    image: victoriametrics/vlagent:',
        { red: 'request-not-found' },
      ),
      source('the shipper looks elsewhere', shipping, glob, glob.replace('.log', '.txt'), { red: 'request-not-found' }),
      source('the shipper is told of no file', shipping, `      - ${glob}\n`, '', { red: 'request-not-found' }),
      source('the store refuses what it is sent', shipping, storeUrl, storeUrl.replace('native', 'nothing'), {
        red: 'request-not-found',
      }),
      source('only the first part of a file is read', shipping, glob, glob.replace('*', '*.1'), { red: 'lines-lost' }),
      source('everything is sent twice', shipping, storeUrl, storeUrl + storeUrl, { red: 'lines-doubled' }),
      source('the worker writes no file', compose, ', LOG_FILE: /logs/worker.log }', ' }', { red: 'job-not-found' }),
      source('LOG_FILE changes nothing', log, 'const both = file && [', "const both = file === '' && [", {
        red: 'request-not-found',
      }),
      source('the line has no id', 'src/app.ts', "requestIdLogLabel: 'requestId'", "requestIdLogLabel: 'id'", {
        red: 'request-not-found',
      }),
      source('the line has no trace', log, '    mixin: traceIds,\n', '', { red: 'trace-not-told' }),
    ],
  }),
]
