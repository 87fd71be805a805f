import { type Control, control, source, sources } from '../control.ts'
import { edgeIsHard } from '../probes/tls-edge.ts'
import { certificatesRenew } from '../probes/tls-renewal.ts'

const [tls, site] = ['nginx/tls.conf', 'nginx/site.conf']
const [edge, certbot] = ['nginx/certificates/edge.sh', 'nginx/certificates/certbot.sh']
const first = 'ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256'

export const securityTls: Control[] = [
  control({
    id: 'SEC-23',
    level: 'must',
    holds:
      'Plain HTTP leads to HTTPS, only TLS 1.2 and 1.3 with modern ciphers are agreed on, every answer has HSTS, and testssl.sh grades A or better.',
    because: 'One old protocol or cipher that is still on lets whoever is on the way choose it, and read.',
    code: [tls, site, 'nginx/problem-pages.conf', 'src/plugins/security-fields.ts'],
    runbook: 'docs/runbooks/certificates.md#a-scanner-finds-weak-tls',
    tier: 'slow',
    needs: ['api'],
    own: {},
    probe: edgeIsHard,
    sabotages: [
      sources(
        'TLS 1.0 is allowed',
        [
          { file: tls, find: 'ssl_protocols TLSv1.2', replace: 'ssl_protocols TLSv1 TLSv1.2' },
          { file: tls, find: first, replace: 'ssl_ciphers ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0' },
        ],
        { red: 'old-protocol' },
      ),
      source('a cipher of another age is allowed', tls, first, `ssl_ciphers ECDHE-ECDSA-AES128-SHA`, {
        red: 'weak-cipher',
      }),
      source(
        'plain HTTP is answered',
        site,
        'return 308 https://$host$public_port$request_uri;',
        'set $place https://$host$request_uri;\n    proxy_pass http://api;',
        {
          red: 'no-redirect',
        },
      ),
      source(
        'answers of the service have no HSTS',
        'src/plugins/security-fields.ts',
        'xDownloadOptions: false,',
        'xDownloadOptions: false,\n      strictTransportSecurity: false,',
        { red: 'hsts-missing' },
      ),
      source(
        'answers of the edge have none',
        'nginx/problem-pages.conf',
        '  add_header Strict-Transport-Security $own_hsts always;\n',
        '',
        { red: 'hsts-missing' },
      ),
      source('TLS 1.3 is off', tls, 'ssl_protocols TLSv1.2 TLSv1.3', 'ssl_protocols TLSv1.2', {
        red: 'modern-refused',
      }),
    ],
  }),
  control({
    id: 'SEC-24',
    level: 'should',
    holds:
      'The edge gets its certificate by ACME, renews it while people go on calling, none of whom is lost, and an alert fires 14 days before its end.',
    because: 'A certificate that ends takes the whole service down at once, on a day that was known for months.',
    code: [
      edge,
      certbot,
      'nginx/certificates/Dockerfile',
      'nginx/certificates.conf',
      site,
      'monitoring/alerts/outside.yml',
    ],
    runbook: 'docs/runbooks/certificates.md#a-certificate-is-not-renewed',
    tier: 'slow',
    needs: ['python'],
    own: {},
    probe: certificatesRenew,
    sabotages: [
      source('the loop ends after the first certificate', certbot, 'pause "$every"', 'exit 0', { red: 'not-renewed' }),
      source('the edge does not reload', edge, 'elif server -s reload; then', 'elif true; then', {
        red: 'new-certificate-not-shown',
      }),
      source('the proof is not served', site, '/.well-known/acme-challenge/', '/.well-known/elsewhere/', {
        red: 'challenge-not-served',
      }),
      source(
        'a reload cuts answers off',
        'nginx/nginx.conf',
        'worker_shutdown_timeout 40s',
        'worker_shutdown_timeout 1s',
        {
          red: 'answer-cut',
        },
      ),
      source(
        'a useless certificate is left where a restart finds it',
        edge,
        '      mv "$shown.before" "$shown"\n    # Old',
        '    # Old',
        { red: 'restart-would-fail' },
      ),
      source('the alert comes four days before', 'monitoring/alerts/outside.yml', '< 14 * 86400', '< 4 * 86400', {
        red: 'alert-at-another-time',
      }),
    ],
  }),
]
