import { type Control, control, source } from '../control.ts'
import { documentsComeFromTheEdge } from '../probes/edge-documents.ts'
import { behindEdge } from '../probes/edge-scene.ts'

export const performanceEdge: Control[] = [
  control({
    id: 'PER-11',
    level: 'should',
    holds:
      'The files of the documentation come from the edge, whichever replica is up, and may be kept for a year, because their names change with each release; the page that names them may not.',
    because:
      'A megabyte of scripts for each reader takes the replicas from callers; and a file that is kept for a year under a name that stays breaks the page of the next release.',
    code: ['nginx/cache.conf', 'nginx/site.conf', 'src/plugins/openapi.ts'],
    runbook: 'docs/runbooks/edge.md#documentation-is-old-or-slow',
    needs: ['api', 'redis'],
    own: behindEdge,
    probe: documentsComeFromTheEdge,
    sabotages: [
      source('nothing may be kept', 'src/plugins/openapi.ts', "'public, max-age=31536000, immutable'", "'no-store'", {
        red: 'not-long',
      }),
      source('the edge keeps nothing', 'nginx/site.conf', '    proxy_cache documents;\n', '', {
        red: 'asked-each-time',
      }),
      source('the release is not in the name', 'src/plugins/openapi.ts', '`$1?v=${version}"`', "'$1\"'", {
        red: 'not-long',
      }),
      source('any name may be kept', 'src/plugins/openapi.ts', 'url.endsWith(`?v=${version}`)', "url.includes('?v=')", {
        red: 'another-release-kept',
      }),
      source(
        'the limit of who asked first is told to all',
        'nginx/site.conf',
        '    proxy_hide_header RateLimit;\n',
        '',
        {
          red: 'limit-of-another-kept',
        },
      ),
    ],
  }),
]
