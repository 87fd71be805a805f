import { type Control, config, control, removed, source } from '../control.ts'
import { everyAnswerHasTheFields, listedOrigin, readsHaveTheFields } from '../probes/security-fields.ts'
import { onlyListedOriginsGetIn, origins } from '../probes/security-origins.ts'

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
        'return [...anyOrigin, ...nobody, ...inClear, ...weak]',
        'return anyOrigin.length < 0 ? anyOrigin : [...nobody, ...inClear, ...weak]',
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
]
