import { expect, test } from 'vitest'
import { renderOpenMetrics } from './openmetrics.ts'
import { hostile, sampleCommit, sampleReport } from './sample.ts'

test('each control is one line with its status as a label', () => {
  const lines = renderOpenMetrics(sampleReport()).split('\n')
  expect(lines).toContain('readiness_control_status{id="SEC-19",level="must",area="security",status="failing"} 1')
  expect(lines.filter((line) => line.startsWith('readiness_control_status{'))).toHaveLength(10)
})

test('sabotages are counted by verdict, verdicts that nobody got among them', () => {
  const metrics = renderOpenMetrics(sampleReport({ controls: [] }))
  for (const verdict of ['proven', 'survived', 'wrong-reason', 'not-applied', 'undo-failed', 'none'])
    expect(metrics).toContain(`readiness_sabotages{verdict="${verdict}"} 0\n`)
  expect(renderOpenMetrics(sampleReport())).toContain('readiness_sabotages{verdict="survived"} 1\n')
})

test('the run says when it ended, how long it took, and what it looked at', () => {
  const metrics = renderOpenMetrics(sampleReport())
  expect(metrics).toContain('readiness_run_timestamp_seconds 1795515275\n')
  expect(metrics).toContain('readiness_run_duration_seconds 874\n')
  expect(metrics).toContain(`readiness_report_info{commit="${sampleCommit}",dirty="true"} 1\n`)
})

test('labels are escaped, so that no value adds a line', () => {
  const metrics = renderOpenMetrics(sampleReport({ run: { commit: hostile } }))
  expect(metrics).toContain('&]]>\\\\\\n{{end}}",dirty="true"} 1\n')
  expect(metrics.isWellFormed()).toBe(true)
})

test('every line is a comment or a sample, each family has a type before its samples, and the last line is the end', () => {
  const lines = renderOpenMetrics(sampleReport()).trimEnd().split('\n')
  const typed = new Set<string>()
  for (const line of lines) {
    const type = line.match(/^# TYPE (\w+) gauge$/)?.[1]
    if (type) typed.add(type)
    const sample = line.match(/^(\w+)(?:\{(?:\w+="[^"]*",?)+\})? [\d.]+$/)?.[1]
    if (sample) expect(typed).toContain(sample)
    else expect(line).toMatch(/^# (TYPE|UNIT|HELP|EOF)/)
  }
  expect(typed.size).toBe(5)
  expect(lines.at(-1)).toBe('# EOF')
})
