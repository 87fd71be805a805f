import { type Control, control, source, sources } from '../control.ts'
import { addressesAreHashes, proxies } from '../probes/security-addresses.ts'
import { secretsGoNowhere } from '../probes/security-canaries.ts'

export const securityPrivacy: Control[] = [
  control({
    id: 'SEC-29',
    level: 'must',
    holds:
      'Passwords, tokens, cookies, authorization fields, card numbers and e-mail addresses that are sent into every route, its failures included, come back in no error and stand in no line, metric, span, report to Sentry, Redis key or value; rows have an address only where that is their purpose.',
    because:
      'Logs are copied to more people and places than any database: passwords stood readable in the logs of large services for years.',
    code: [
      'src/lib/log.ts',
      'src/lib/log-errors.ts',
      'src/lib/error-reports.ts',
      'src/lib/spans.ts',
      'src/plugins/problems.ts',
      'src/lib/mailer.ts',
    ],
    runbook: 'docs/runbooks/logs.md#a-secret-is-in-the-logs',
    needs: ['api', 'worker', 'redis', 'mail', 'database', 'spans', 'errors'],
    // The probe cuts the database off, lets it refuse rows, and lets the mail server refuse a recipient.
    own: {},
    lacks: 'No route takes a card: a card number is sent where nobody asks for one.',
    probe: secretsGoNowhere,
    sabotages: [
      sources(
        'errors are told as drivers make them',
        [
          { file: 'src/lib/log.ts', find: 'serializers: { err: tellError }', replace: 'serializers: {}' },
          {
            file: 'src/db/failures.ts',
            find: 'if (error instanceof pg.DatabaseError) error.detail = undefined',
            replace: 'if (error instanceof pg.DatabaseError) return error',
          },
        ],
        { red: 'in-logs' },
      ),
      sources(
        'lines have the fields, and one name is not struck out',
        [
          {
            file: 'src/plugins/request-log.ts',
            find: 'method: request.method,',
            replace: 'method: request.method,\n        headers: request.headers,',
          },
          { file: 'src/lib/log.ts', find: "['authorization', 'cookie',", replace: "['cookie'," },
        ],
        { red: 'in-logs' },
      ),
      source(
        'keys of failed sign-ins name the account',
        'src/lib/attempts.ts',
        "return `${kind}:${hash.digest('base64url').slice(0, 22)}`",
        'return `${kind}:${hash && parts.join()}`',
        { red: 'in-redis' },
      ),
      source(
        'an error tells the whole request',
        'src/plugins/problems.ts',
        'problem(refusal, request.url.slice(0, 2000), request.id)',
        'problem(refusal, request.url + JSON.stringify(request.headers), request.id)',
        { red: 'in-error-body' },
      ),
      source(
        'spans have the values of statements',
        'src/db/client.ts',
        'return await (isRecorded() ? inSpan(...spanOf(config.text), run) : run())',
        `const [name, about] = spanOf(config.text)
      const attributes = { ...about.attributes, 'db.query.parameters': values.join() }
      return await inSpan(name, { ...about, attributes }, run)`,
        { red: 'in-spans' },
      ),
      source(
        'spans say the errors of drivers',
        'src/lib/spans.ts',
        '  span.setStatus({ code: SpanStatusCode.ERROR })',
        '  span.setStatus({ code: SpanStatusCode.ERROR })\n  span.recordException(error as Error)',
        { red: 'in-spans' },
      ),
      sources(
        'Sentry gets the body of the request',
        [
          {
            file: 'src/plugins/problems.ts',
            find: 'userId: request.viewer?.id }',
            replace: 'userId: request.viewer?.id, body: JSON.stringify(request.body) }',
          },
          {
            file: 'src/lib/error-reports.ts',
            find: "'eventId', 'schedule']",
            replace: "'eventId', 'schedule', 'body']",
          },
        ],
        { red: 'in-errors' },
      ),
    ],
  }),

  control({
    id: 'SEC-30',
    level: 'must',
    holds:
      'Client addresses are written down only as a keyed hash whose key rotates each month: no row, Redis key or value, line or metric has one, forwarded or not, IPv4 or IPv6.',
    because:
      'An address is personal data, and a plain hash of one is read back in minutes, since there are only four billion.',
    code: ['src/plugins/address.ts', 'src/plugins/rate-limit.ts', 'src/lib/attempts.ts'],
    runbook: 'docs/runbooks/logs.md#an-address-is-written-down',
    needs: ['api', 'worker', 'redis', 'mail', 'database'],
    own: proxies,
    probe: addressesAreHashes,
    sabotages: [
      source(
        'sessions keep the address',
        'src/plugins/identify.ts',
        '          addressHash: this.addressHash,',
        '          addressHash: this.address,',
        { red: 'address-kept' },
      ),
      source(
        'limits count by the address itself',
        'src/plugins/rate-limit.ts',
        '? viewer.id : addressHash',
        '? viewer.id : addressHash && arguments[0].address',
        { red: 'address-kept' },
      ),
      source(
        'the key stays the same',
        'src/plugins/address.ts',
        'new Date(start).toISOString().slice(0, 7)',
        "new Date(start).toISOString().slice(0, 2) + '26-01'",
        { red: 'key-does-not-rotate' },
      ),
      source(
        'the hash has no key',
        'src/plugins/address.ts',
        "createHmac('sha256', key).update(",
        "createHmac('sha256', key.subarray(0, 0)).update(",
        { red: 'hash-without-key' },
      ),
      source(
        'lines name the address',
        'src/plugins/request-log.ts',
        'addressHash: request.addressHash',
        'addressHash: request.addressHash, from: request.address',
        { red: 'address-in-log' },
      ),
    ],
  }),
]
