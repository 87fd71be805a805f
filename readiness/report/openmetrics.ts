// openmetrics.txt: the report as OpenMetrics 1.0 text. Every family is a gauge, so that the older text format of
// Prometheus (node_exporter's textfile collector, promtool) reads the same file.
import { type Report, verdicts } from './report.schemas.ts'

type Labels = Record<string, string>
type Sample = { labels: Labels; value: number }

export function renderOpenMetrics({ run, controls }: Report): string {
  const sabotages = controls.flatMap((control) => control.sabotages)
  return [
    ...gauge(
      'readiness_control_status',
      'The status of a control in the latest run, as a label. Always 1.',
      controls.map(({ id, level, area, status }) => ({ labels: { id, level, area, status }, value: 1 })),
    ),
    ...gauge(
      'readiness_sabotages',
      'Sabotages by verdict: any but proven and none is a hole in a probe.',
      verdicts.map((verdict) => ({
        labels: { verdict },
        value: sabotages.filter((sabotage) => sabotage.verdict === verdict).length,
      })),
    ),
    ...gauge('readiness_run_timestamp_seconds', 'When the run ended, in seconds since 1970.', [
      { labels: {}, value: Date.parse(run.end) / 1000 },
    ]),
    ...gauge('readiness_run_duration_seconds', 'How long the run took.', [{ labels: {}, value: run.seconds }]),
    ...gauge('readiness_report_info', 'What the run looked at. Always 1.', [
      { labels: { commit: run.commit, dirty: String(run.dirty) }, value: 1 },
    ]),
    '# EOF\n',
  ].join('\n')
}

function gauge(name: string, help: string, samples: Sample[]): string[] {
  const unit = name.endsWith('_seconds') ? [`# UNIT ${name} seconds`] : []
  const lines = samples.map(({ labels, value }) => `${name}${braces(labels)} ${value}`)
  return [`# TYPE ${name} gauge`, ...unit, `# HELP ${name} ${help}`, ...lines]
}

function braces(labels: Labels) {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length > 0 ? `{${pairs.join(',')}}` : ''
}

const escapeLabel = (value: string) =>
  value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
