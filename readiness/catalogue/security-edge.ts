// What holds twice: at the edge, and in the service for whoever gets past it.
import { type Control, config, control, removed, source, sources } from '../control.ts'
import { foreignHostsStayOutside } from '../probes/edge-hosts.ts'
import { behindEdge } from '../probes/edge-scene.ts'
import { floodsStayAtTheEdge } from '../probes/edge-slow.ts'
import { together } from '../probes/reliability-scene.ts'
import { onlyOurHostsAreServed, ownHosts } from '../probes/security-hosts.ts'
import { requestTimeout, slowClientsAreCutOff } from '../probes/security-slow.ts'

export const securityEdge: Control[] = [
  control({
    id: 'SEC-37',
    level: 'should',
    holds:
      'Clients that say nothing, or send headers or bodies a byte at a time, are cut off by 408 while others are served, and headers over 16 KiB by 431; the edge gives headers and pauses of a body five seconds, and a network 100 connections and 50 requests a second.',
    because:
      'A few hundred connections that send a byte a second (Slowloris) hold every slot of a server that waits for them.',
    code: ['src/app.ts', 'src/plugins/problems.ts', 'nginx/limits.conf'],
    runbook: 'docs/runbooks/edge.md#slow-clients-hold-connections',
    needs: ['api'],
    own: { ...behindEdge, REQUEST_TIMEOUT_MS: String(requestTimeout) },
    lacks:
      'The edge has no limit for a whole body: one that comes a byte at a time holds one of the 100 connections of its network, and no replica, for as long as it likes.',
    async probe(context) {
      const [service, edge] = await together(slowClientsAreCutOff(context), floodsStayAtTheEdge(context))
      return { ...service, ...edge }
    },
    sabotages: [
      source('headers may take ten minutes', 'nginx/limits.conf', 'header_timeout 5s;', 'header_timeout 10m;', {
        red: 'edge-silence-kept',
      }),
      source('a body may pause for ten minutes', 'nginx/limits.conf', 'body_timeout 5s;', 'body_timeout 10m;', {
        red: 'edge-slow-body-kept',
      }),
      source('connections are not counted', 'nginx/limits.conf', 'limit_conn connections 100;\n', '', {
        red: 'connections-unlimited',
      }),
      source('requests are not counted', 'nginx/limits.conf', 'limit_req zone=requests burst=100 nodelay;\n', '', {
        red: 'rate-unlimited',
      }),
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
      'A request for a Host that is not ours is 421 at the edge and in the service, a missing, doubled or malformed one 400, X-Forwarded-Host counts for nothing, and neither an answer nor a mail takes a host from the request: links in mails lead to APP_URL.',
    because:
      'Who may choose the host of a link in a reset mail gets the token that it carries; who may choose it of a cached answer gets the next reader.',
    code: [
      'src/plugins/host.ts',
      'src/app.ts',
      'src/lib/mailer.ts',
      'src/modules/identity/letters.service.ts',
      'nginx/site.conf',
    ],
    runbook: 'docs/runbooks/edge.md#a-host-is-refused',
    needs: ['api', 'worker', 'mail', 'redis'],
    own: ownHosts,
    async probe(context) {
      const service = await onlyOurHostsAreServed(context)
      return { ...service, ...(await foreignHostsStayOutside(context, ['seaworthy.example', 'api.example.org'])) }
    },
    sabotages: [
      source(
        'the edge passes any host on',
        'nginx/site.conf',
        'include certificates.conf;\n  include problem-pages.conf;\n  location / {\n    return 421;',
        'include certificates.conf;\n  include problem-pages.conf;\n  location / {\n    proxy_pass http://api;',
        { red: 'edge-passes-foreign-host' },
      ),
      source(
        'the plain port leads any host on',
        'nginx/site.conf',
        'listen 8080 default_server;\n  server_name _;\n  include problem-pages.conf;\n  location / {\n    return 421;',
        'listen 8080 default_server;\n  server_name _;\n  include problem-pages.conf;\n  location / {\n    return 308 https://$host$uri;',
        { red: 'edge-redirects-foreign-host' },
      ),
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
