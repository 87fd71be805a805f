// What only somebody outside can see.
import { type Control, control, removed, source, sources } from '../control.ts'
import { publicUrlIsWatched } from '../probes/outside-watch.ts'

const [prometheus, blackbox, alerts, service] = [
  'monitoring/prometheus.yml',
  'monitoring/blackbox.yml',
  'monitoring/alerts/outside.yml',
  'monitoring/alerts/service.yml',
]
const live = { file: prometheus, find: "'http://api:8080/v1/jobs?limit=1'", replace: "'http://api:8080/health/live'" }
const anyBody = { file: blackbox, find: `      fail_if_body_not_matches_regexp: ['"data":\\[']\n`, replace: '' }

export const observabilityOutside: Control[] = [
  control({
    id: 'OBS-19',
    level: 'should',
    holds:
      'A blackbox exporter asks the public URL for what people ask for: it is well while they get that, from the cache too, and not while they get an error, another page, nothing, or wait too long, though the service calls itself live and ready; the alert on it fires, names the URL, and ends, and there is one on an exporter that is gone.',
    because:
      'Every check of a shop was green for a morning: each asked a process for its health, and the way that customers took ended at an error page.',
    code: [blackbox, prometheus, alerts, service],
    runbook: 'docs/runbooks/telemetry.md#nobody-saw-an-outage',
    tier: 'slow',
    needs: ['api', 'database', 'redis'],
    // It cuts the database off, and kills the API.
    own: {},
    lacks: 'There is no edge and no address yet: the probe puts one with a certificate of its own before the API.',
    probe: publicUrlIsWatched,
    sabotages: [
      sources('it is pointed at live', [live, anyBody], { red: 'outage-not-seen' }),
      sources('it is pointed at ready', [{ ...live, replace: "'http://api:8080/health/ready'" }, anyBody], {
        red: 'outage-not-seen',
      }),
      sources(
        'any status is good',
        [
          { file: blackbox, find: 'valid_status_codes: [200]', replace: 'valid_status_codes: [200, 502, 503]' },
          anyBody,
        ],
        { red: 'outage-not-seen' },
      ),
      source('whatever says 200 is good', blackbox, anyBody.find, '', { red: 'another-page-is-good' }),
      source('it has all the time in the world', blackbox, 'timeout: 5s', 'timeout: 60s', { red: 'slow-not-seen' }),
      source(
        'the alert asks another job',
        alerts,
        'probe_success{job="public-url"} == 0',
        'probe_success{job="public"} == 0',
        {
          red: 'no-alert',
        },
      ),
      source('the alert names the exporter', prometheus, 'target_label: instance }', 'target_label: asked }', {
        red: 'alert-names-another',
      }),
      source('the end of the certificate comes as a surprise', alerts, '< 14 * 86400', '< 14 * 60', {
        red: 'certificate-not-seen',
      }),
      removed(
        service,
        '          or label_replace(absent(probe_success{job="public-url"}), "missing", "the probe from outside", "", "")',
        { red: 'silence-not-seen' },
      ),
    ],
  }),
]
