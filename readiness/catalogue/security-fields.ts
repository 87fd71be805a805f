import { type Control, config, control, removed, source, sources } from '../control.ts'
import { everyAnswerHasTheFields, listedOrigin, readsHaveTheFields } from '../probes/security-fields.ts'
import { onlyOurHostsAreServed, ownHosts } from '../probes/security-hosts.ts'
import { onlyListedOriginsGetIn, origins } from '../probes/security-origins.ts'
import { requestTimeout, slowClientsAreCutOff } from '../probes/security-slow.ts'

export const securityFields: Control[] = [
  control({
    id: 'SEC-21',
    level: 'must',
    holds:
      'Pages of listed origins may call, without credentials of the browser; pages of any other get no field of access at all, and production refuses to boot with a wildcard.',
    because:
      "A service that reflects any origin lets each page that a customer visits read what is theirs, and one's test setting goes to production unseen.",
    code: ['src/plugins/cors.ts', 'src/environment.rules.ts'],
    runbook: 'docs/runbooks/edge.md#a-page-of-another-origin-cannot-call',
    needs: ['api', 'database'],
    own: { CORS_ORIGINS: origins.join() },
    probe: onlyListedOriginsGetIn,
    sabotages: [
      removed('src/app.ts', '  await app.register(cors, { origins: config.edge.corsOrigins })', {
        red: 'listed-origin-refused',
      }),
      source(
        'any origin is reflected',
        'src/plugins/cors.ts',
        'return origin !== undefined && origins.includes(origin) ? origin : false',
        'return origin ?? false',
        { red: 'other-origin-allowed' },
      ),
      source(
        'what begins like a listed origin is one',
        'src/plugins/cors.ts',
        'origins.includes(origin)',
        'origins.some((one) => origin.startsWith(one))',
        { red: 'other-origin-allowed' },
      ),
      config('any origin is listed', { CORS_ORIGINS: '*' }, { red: 'listed-origin-refused' }),
      source(
        'production takes a wildcard',
        'src/environment.rules.ts',
        'return [...anyOrigin, ...inClear, ...weak]',
        'return anyOrigin.length < 0 ? anyOrigin : [...inClear, ...weak]',
        { red: 'wildcard-taken' },
      ),
      source('pages may read no field', 'src/plugins/cors.ts', '      exposedHeaders,\n', '', {
        red: 'field-not-readable',
      }),
      source('a listed origin can use no session', 'src/plugins/cors.ts', 'credentials: !any', 'credentials: any', {
        red: 'cookies-refused',
      }),
    ],
  }),

  control({
    id: 'SEC-22',
    level: 'must',
    holds:
      'Every answer, errors, preflights, pages and what is no HTTP included, carries CSP, HSTS, nosniff, frame denial, Referrer-Policy, Permissions-Policy, COOP, CORP and X-XSS-Protection 0, and says how it may be stored.',
    because:
      'The answer that somebody forgot, mostly an error page, is the one that a browser takes for a page of ours, frames, or runs.',
    code: ['src/plugins/security-fields.ts', 'src/plugins/problems.ts', 'src/plugins/openapi.ts'],
    runbook: 'docs/runbooks/edge.md#an-answer-lacks-its-security-fields',
    needs: ['api', 'database'],
    // The probe renames a column and cuts the database off.
    own: { CORS_ORIGINS: listedOrigin },
    probe: everyAnswerHasTheFields,
    look: readsHaveTheFields,
    sabotages: [
      removed('src/app.ts', '  await app.register(securityFields)', { red: 'field-missing' }),
      source(
        'errors before a route have none',
        'src/plugins/problems.ts',
        '.headers({ ...securityFieldsOfAll, ',
        '.headers({ ',
        { red: 'field-missing' },
      ),
      source(
        'what is no HTTP is answered without them',
        'src/plugins/problems.ts',
        'Object.entries(securityFieldsOfAll)',
        'Object.entries({})',
        { red: 'field-missing' },
      ),
      source(
        'the policy lets own files in',
        'src/plugins/security-fields.ts',
        `directives: { defaultSrc: ["'none'"], ...nowhere }`,
        `directives: { defaultSrc: ["'none'"], scriptSrc: ["'self'"], ...nowhere }`,
        { red: 'policy-lax' },
      ),
      source(
        'pages may run inline scripts',
        'src/plugins/security-fields.ts',
        'scriptSrc: own',
        `scriptSrc: [...own, "'unsafe-inline'"]`,
        { red: 'policy-lax' },
      ),
      source(
        'pages of the same origin may frame',
        'src/plugins/security-fields.ts',
        "{ action: 'deny' }",
        "{ action: 'sameorigin' }",
        { red: 'field-weak' },
      ),
      source(
        'HSTS is for later',
        'src/plugins/security-fields.ts',
        "xFrameOptions: { action: 'deny' },",
        "xFrameOptions: { action: 'deny' },\n      strictTransportSecurity: false,",
        { red: 'field-missing' },
      ),
      source('nothing is said of storing', 'src/plugins/security-fields.ts', "  'cache-control': 'no-store',\n", '', {
        red: 'caching-not-said',
      }),
    ],
  }),

  control({
    id: 'SEC-37',
    level: 'should',
    holds:
      'Clients that say nothing, or send headers or bodies a byte at a time, are cut off by 408 while others are served, and headers over 16 KiB by 431.',
    because:
      'A few hundred connections that send a byte a second (Slowloris) hold every slot of a server that waits for them.',
    code: ['src/app.ts', 'src/plugins/problems.ts'],
    runbook: 'docs/runbooks/edge.md#slow-clients-hold-connections',
    needs: ['api'],
    own: { REQUEST_TIMEOUT_MS: String(requestTimeout) },
    lacks:
      'There is no edge (nginx) yet that limits connections and the rate of requests before they reach the service.',
    probe: slowClientsAreCutOff,
    sabotages: [
      config('a client may take ten minutes', { REQUEST_TIMEOUT_MS: '600000' }, { red: 'says-nothing-kept' }),
      source(
        'bodies have all the time',
        'src/app.ts',
        '    requestTimeout: config.http.requestTimeout,\n    // Longer',
        '    requestTimeout: 0,\n    // Longer',
        {
          red: 'slow-body-kept',
        },
      ),
      source(
        'nobody looks for slow clients',
        'src/app.ts',
        'connectionsCheckingInterval: 1000',
        'connectionsCheckingInterval: 600_000',
        { red: 'says-nothing-kept' },
      ),
      source('headers of a megabyte are read', 'src/app.ts', 'maxHeaderSize: 16_384', 'maxHeaderSize: 1_048_576', {
        red: 'large-headers-taken',
      }),
    ],
  }),

  control({
    id: 'SEC-40',
    level: 'must',
    holds:
      'A request for a Host that is not ours is 421, a missing, doubled or malformed one 400, X-Forwarded-Host counts for nothing, and neither an answer nor a mail takes a host from the request: links in mails lead to APP_URL.',
    because:
      'Who may choose the host of a link in a reset mail gets the token that it carries; who may choose it of a cached answer gets the next reader.',
    code: ['src/plugins/host.ts', 'src/app.ts', 'src/lib/mailer.ts', 'src/modules/identity/letters.service.ts'],
    runbook: 'docs/runbooks/edge.md#a-host-is-refused',
    needs: ['api', 'worker', 'mail', 'redis'],
    own: ownHosts,
    lacks: 'There is no edge (nginx) yet that refuses it too.',
    probe: onlyOurHostsAreServed,
    sabotages: [
      removed('src/app.ts', '  await app.register(host, { hosts: config.edge.hosts, security })', {
        red: 'other-host-served',
      }),
      source(
        'the first of several hosts counts',
        'src/plugins/host.ts',
        'if (fields.length !== 1) throw malformed()',
        'fields.splice(1)',
        { red: 'malformed-host-served' },
      ),
      source(
        'what ends like our name is ours',
        'src/plugins/host.ts',
        'if (ours.has(plain(name))',
        'if ([...ours].some((one) => plain(name).endsWith(one))',
        { red: 'other-host-served' },
      ),
      source(
        'a forwarded host counts',
        'src/plugins/host.ts',
        'of askedFor(raw)) {',
        "of raw.headers['x-forwarded-host'] ? [String(raw.headers['x-forwarded-host'])] : askedFor(raw)) {",
        { red: 'forwarded-host-believed' },
      ),
      source(
        'the host of a URL does not count',
        'src/plugins/host.ts',
        'return inUrl === undefined ? fields : [...fields, inUrl]',
        "return inUrl === '' ? [] : fields",
        { red: 'other-host-in-url-served' },
      ),
      source(
        'a link in a mail is built from the request',
        'src/modules/jobs/jobs.routes.ts',
        'jobs.create(request.actor, request.body, request.once)',
        'jobs.create(request.actor, { ...request.body, title: `${request.body.title}, see https://${request.host}/` }, request.once)',
        { red: 'mail-from-request' },
      ),
      sources(
        'a link to sign in is built from the request',
        [
          {
            file: 'src/modules/identity/links.routes.ts',
            find: "links.ask('magic-link', body.email, seen, once)",
            replace: "links.ask('magic-link', body.email, { ...seen, requestId: host }, once)",
          },
          {
            file: 'src/modules/identity/links.routes.ts',
            find: "async ({ body, seen, once }, reply) => {\n      reply.code(202)\n      return links.ask('magic-link'",
            replace:
              "async ({ body, seen, once, host }, reply) => {\n      reply.code(202)\n      return links.ask('magic-link'",
          },
          {
            file: 'src/modules/identity/letters.service.ts',
            find: 'const link = `${appUrl}/',
            replace: 'const link = `https://${event.requestId}/',
          },
        ],
        { red: 'link-from-request' },
      ),
      sources(
        'Location is built from the request',
        [
          {
            file: 'src/plugins/created.ts',
            find: '({ routeOptions, once }, reply',
            replace: '({ routeOptions, once, host }, reply',
          },
          {
            file: 'src/plugins/created.ts',
            find: "header('location', pathTo",
            replace: "header('location', `https://${host}` + pathTo",
          },
        ],
        { red: 'answer-from-request' },
      ),
    ],
  }),
]
