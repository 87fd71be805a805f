// Whether load and slowness stay bounded: what is too much is refused early, and whatever is waited for has a limit.
import { type Control, config, control, removed, source } from '../control.ts'
import { everyWaitEnds, shortWaits } from '../probes/reliability-limits.ts'
import { shedsWhatIsTooMuch, smallCapacity } from '../probes/reliability-load.ts'

const unlimited = (file: string, line: string, red: string) => removed(file, line, { red })

export const reliabilityLoad: Control[] = [
  control({
    id: 'REL-09',
    level: 'must',
    holds:
      'Whatever is waited for has a limit: a connection, a statement, a lock, an idle transaction, a silent database, Redis, mail, the payment provider, a slow client.',
    because:
      'One dependency that neither answers nor fails holds each request that needs it, until all of them are held: the usual way in which a small fault becomes an outage.',
    code: [
      'src/db/client.ts',
      'src/lib/redis.ts',
      'src/lib/mailer.ts',
      'src/lib/provider.ts',
      'src/app.ts',
      'docs/timeouts.md',
    ],
    runbook: 'docs/runbooks/load.md#a-call-has-no-time-limit',
    needs: ['api', 'redis', 'payments'],
    own: shortWaits,
    probe: everyWaitEnds,
    sabotages: [
      unlimited('src/db/client.ts', '    statement_timeout: options.statementTimeout,', 'statement-goes-on'),
      unlimited('src/db/client.ts', '    lock_timeout: options.lockTimeout,', 'lock-unlimited'),
      unlimited(
        'src/db/client.ts',
        '    idle_in_transaction_session_timeout: options.idleTransactionTimeout,',
        'idle-transaction-stays',
      ),
      unlimited('src/db/client.ts', '    connectionTimeoutMillis: options.connectTimeout,', 'connect-unlimited'),
      unlimited('src/db/client.ts', '    query_timeout: options.statementTimeout + 1000,', 'silence-unlimited'),
      unlimited('src/lib/redis.ts', '    commandTimeout: timeout,', 'redis-unlimited'),
      unlimited('src/lib/mailer.ts', '    ...limits,', 'mail-unlimited'),
      unlimited('src/lib/provider.ts', '    timeout,', 'provider-unlimited'),
      source(
        'a client may take for ever',
        'src/app.ts',
        'bodyLimit,\n    requestTimeout: config.http.requestTimeout,\n',
        'bodyLimit,\n',
        { red: 'client-unlimited' },
      ),
    ],
  }),

  control({
    id: 'REL-13',
    level: 'must',
    holds:
      'At three times its capacity the service refuses early (503, Retry-After), does at least 80 % of what it can at best, and health still answers.',
    because:
      'Without it every request waits behind all others, each is given up before it is done, and the service is busy with work for nobody until someone restarts it.',
    code: ['src/plugins/admission.ts', 'src/lib/admission.ts'],
    runbook: 'docs/runbooks/load.md#more-load-than-it-can-take',
    needs: ['api'],
    own: smallCapacity,
    probe: shedsWhatIsTooMuch,
    sabotages: [
      removed('src/app.ts', '  await app.register(admission, { ...config.edge.load, poolUse, metrics })', {
        red: 'goodput-collapses',
      }),
      config(
        'there is room for everyone',
        { CONCURRENT_REQUESTS: '10000', WAITING_REQUESTS: '10000', WAITING_MS: '60000' },
        { red: 'goodput-collapses' },
      ),
      source(
        'places are all that bounds the work',
        'src/plugins/admission.ts',
        'createAdmission({ ...room, isBusy })',
        'createAdmission(room)',
        { red: 'waits-for-connections' },
      ),
      config('the event loop may lag for a minute', { EVENT_LOOP_DELAY_MS: '60000' }, { red: 'starved-not-refused' }),
      source(
        'health waits in the line',
        'src/plugins/admission.ts',
        "return limit === 'none' ? undefined : limit",
        "return limit === 'none' ? 'public' : limit",
        { red: 'health-refused' },
      ),
      source('who signs in comes last', 'src/plugins/admission.ts', 'auth: 3', 'auth: 0', {
        red: 'browsing-goes-first',
      }),
      source(
        'who hangs up keeps the place',
        'src/plugins/admission.ts',
        "raw.once('close', leave)",
        "raw.once('finish', leave)",
        { red: 'places-leak' },
      ),
      source(
        'the refusal does not say when to try again',
        'src/plugins/admission.ts',
        "        headers: { 'retry-after': '1' },\n",
        '',
        { red: 'not-a-503' },
      ),
    ],
  }),
]
