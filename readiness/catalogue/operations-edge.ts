import { type Control, control, source } from '../control.ts'
import { answersAsTheServiceWould, knowsItsCallers } from '../probes/edge-fields.ts'
import { keepsConnections, repeatsWhatIsSafe } from '../probes/edge-retries.ts'
import { atTheEdge, behindEdge } from '../probes/edge-scene.ts'
import { speaksTls } from '../probes/edge-tls.ts'
import { together } from '../probes/reliability-scene.ts'

export const operationsEdge: Control[] = [
  control({
    id: 'OPS-04',
    level: 'must',
    holds:
      'The edge (nginx) speaks TLS 1.2 and 1.3 and HTTP/2, keeps connections for less long than Node, sends again to the other replica only GET, HEAD, PUT, DELETE and POST with an Idempotency-Key, limits time and bodies, hands on the real address and a request id, and logs JSON without addresses and queries.',
    because:
      'A repeated POST pays twice, one that is not repeated is lost in every deploy, and a connection that Node is closing loses whatever is sent into it.',
    code: ['nginx/site.conf', 'nginx/upstream.conf', 'nginx/fields.conf', 'nginx/limits.conf', 'nginx/log.conf'],
    runbook: 'docs/runbooks/edge.md#the-edge-loses-or-repeats-requests',
    needs: ['api', 'redis'],
    own: behindEdge,
    async probe(context) {
      const [seen, connections] = await together(
        atTheEdge(context, async (edge) => ({
          ...(await speaksTls(edge)),
          ...(await knowsItsCallers(context, edge)),
          ...(await answersAsTheServiceWould(edge)),
          ...(await repeatsWhatIsSafe(context, edge)),
        })),
        atTheEdge(context, (edge) => keepsConnections(context, edge)),
      )
      return { ...seen, ...connections }
    },
    sabotages: [
      source(
        'every POST is sent again',
        'nginx/site.conf',
        'proxy_next_upstream error timeout;\n  }\n  # proxy_next',
        'proxy_next_upstream error timeout non_idempotent;\n  }\n  # proxy_next',
        { red: 'unsafe-request-repeated' },
      ),
      source('no POST is sent again', 'nginx/site.conf', 'error timeout non_idempotent;', 'error timeout;', {
        red: 'keyed-post-lost',
      }),
      source(
        'one failure gives a replica up',
        'nginx/templates/replicas.conf.template',
        ' resolve max_fails=0;',
        ' resolve;',
        {
          red: 'replica-given-up',
        },
      ),
      source('connections are not kept', 'nginx/upstream.conf', '  keepalive 64;\n', '', {
        red: 'connections-not-kept',
      }),
      source('connections outlive those of Node', 'nginx/upstream.conf', 'timeout 5s;', 'timeout 90s;', {
        red: 'kept-too-long',
      }),
      source("a caller's chain goes on", 'nginx/fields.conf', 'For $remote_addr', 'For $proxy_add_x_forwarded_for', {
        red: 'chain-believed',
      }),
      source("a stranger's trace goes on", 'nginx/fields.conf', 'proxy_set_header traceparent "";\n', '', {
        red: 'strange-trace-kept',
      }),
      source('the log keeps queries', 'nginx/log.conf', '"path":"$path_asked"', '"path":"$request_uri"', {
        red: 'query-in-log',
      }),
      source('the log keeps addresses', 'nginx/log.conf', '"network":"$cut_address"', '"network":"$remote_addr"', {
        red: 'address-in-log',
      }),
      source('any cipher will do', 'nginx/tls.conf', 'ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256', 'ssl_ciphers ALL', {
        red: 'weak-cipher-taken',
      }),
      source('bodies of ten megabytes pass', 'nginx/limits.conf', 'body_size 64k', 'body_size 10m', {
        red: 'large-body-passed',
      }),
      source(
        'fields come from both',
        'nginx/site.conf',
        'location / {\n    if ($is_repeatable)',
        'location / {\n    add_header Strict-Transport-Security $own_hsts;\n    if ($is_repeatable)',
        { red: 'fields-doubled' },
      ),
      source('a refusal lacks a field', 'nginx/problem-pages.conf', '  add_header X-Frame-Options DENY always;\n', '', {
        red: 'own-answer-differs',
      }),
      source(
        'answers come uncompressed',
        'nginx/fields.conf',
        'baggage "";',
        'baggage "";\nproxy_set_header Accept-Encoding "";',
        {
          red: 'not-compressed',
        },
      ),
      source('the inside is open', 'nginx/site.conf', '|health/(?:ready|status))', ')', { red: 'inside-open' }),
    ],
  }),
]
