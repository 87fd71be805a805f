import { control, source } from '../control.ts'
import { seeScan } from '../probes/operations-scan.ts'

export const scan = control({
  id: 'OPS-16',
  level: 'must',
  holds:
    'schemathesis, sqlmap and wapiti attack the running service, testssl.sh and slowhttptest its edge, zizmor reads its workflows, and nothing serious comes of it; a program that is missing is not verified.',
  because:
    'What its makers did not think of is not in their tests either: these programs hold what others have been attacked by.',
  code: ['tools/scan.ts', 'tools/scan/scanners.ts', 'tools/scan/ground.ts', 'tools/scan/accepted.json'],
  runbook: 'docs/scan.md#a-scan-finds-something',
  tier: 'slow',
  needs: ['api', 'python', 'debian'],
  own: {},
  lacks:
    'The probe tries fewer operations and inputs than npm run scan does without --quick; TLS is graded by SEC-23, not by it.',
  probe: seeScan,
  sabotages: [
    source(
      'one query is put together of text',
      'src/modules/jobs/jobs.repository.ts',
      "websearch_to_tsquery('english', ${query.q})`",
      "websearch_to_tsquery('english', ${sql.raw(`'${query.q}'`)})`",
      { red: 'sqlmap-found' },
    ),
    source(
      'a title becomes shell',
      '.github/workflows/ci.yml',
      '      - run: npm test\n',
      '      - run: npm test\n      - run: echo "${{ github.event.pull_request.title }}"\n',
      { red: 'zizmor-found' },
    ),
    source(
      'nothing need be encrypted',
      'nginx/tls.conf',
      'ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256',
      'ssl_ciphers ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0',
      { red: 'testssl-found' },
    ),
    source(
      'a caller may take his time',
      'nginx/limits.conf',
      'client_header_timeout 5s;',
      'client_header_timeout 10m;',
      { red: 'slowhttptest-found' },
    ),
    source(
      'what is missing counts as clean',
      'tools/scan/scanners.ts',
      "result({ status: 'not verified', note,",
      "result({ status: 'clean', note,",
      { red: 'missing-passes' },
    ),
  ],
})
