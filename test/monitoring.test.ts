// What monitoring/ says holds together: rules that Prometheus takes, an alert for each thing with its runbook and its own test, and no
// query about a metric that nobody declares.
import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { dashboards } from '../tools/monitoring/dashboards.ts'
import { declaredMetrics } from '../tools/monitoring/metrics-document.ts'
import { findMonitoring } from '../tools/monitoring/programs.ts'

type Rule = {
  alert?: string
  record?: string
  expr: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}
const isTest = (path: string) => path.endsWith('.test.yml')
const files = globSync('monitoring/{alerts,rules}/*.yml').filter((path) => !isTest(path))
const rules = files.flatMap((path) =>
  (parse(readFileSync(path, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules),
)
const alerts = rules.filter((rule): rule is Rule & { alert: string } => rule.alert !== undefined)
const promtool = await findMonitoring('promtool')
const run = promisify(execFile)

test('Prometheus takes all rules', async () => {
  expect(alerts.length).toBeGreaterThan(30)
  const { stdout } = await run(promtool, ['check', 'rules', ...files])
  expect(stdout.match(/SUCCESS/g)).toHaveLength(files.length)
})

describe('alerts', () => {
  const tests = globSync('monitoring/**/*.test.yml')

  test.each(tests)('%s: they fire when they should, and not when they should not', async (path) => {
    await run(promtool, ['test', 'rules', path])
  })

  test('each is tested both ways', () => {
    const said = tests.map((path) => readFileSync(path, 'utf8')).join('\n')
    for (const { alert } of alerts) {
      const expected = [...said.matchAll(new RegExp(`alertname="${alert}".*\\n.*\\n.*value: (\\d)`, 'g'))].map(
        ([, count]) => count,
      )
      expect([alert, new Set(expected)]).toEqual([alert, new Set(alert === 'Watchdog' ? ['1'] : ['1', '0'])])
    }
  })

  test.each(alerts.map((rule) => [rule.alert, rule] as const))(
    '%s has a severity, a team, and a runbook that is there',
    (_name, { labels, annotations }) => {
      expect(labels).toMatchObject({
        severity: expect.stringMatching(/^(page|ticket|none)$/),
        team: expect.stringMatching(/^(platform|payments|security)$/),
      })
      expect(annotations?.summary).toMatch(/\w/)
      const [, page = ''] =
        /^\{\{ \$externalLabels\.runbooks \}\}\/([\w-]+\.md)$/.exec(annotations?.runbook_url ?? '') ?? []
      expect(existsSync(`docs/runbooks/alerts/${page}`), page).toBe(true)
    },
  )
})

test('every metric that is asked for is declared, or recorded, or an exporter’s', async () => {
  const recorded = rules.flatMap(({ record }) => record ?? [])
  const known = new Set([...(await declaredMetrics()).map(({ name }) => name), ...recorded])
  const queries = [
    ...rules.map(({ expr }) => expr),
    ...dashboards.flatMap(({ rows }) =>
      rows.flatMap(({ panels }) => panels.flatMap(({ lines }) => lines.map(([, query]) => query))),
    ),
  ]
  const asked = new Set(queries.join('\n').match(/\b(?:seaworthy|nodejs|process|slo)[_:][\w:]+/g))
  expect(asked.size).toBeGreaterThan(30)
  const missing = [...asked].filter((name) => !known.has(name) && !known.has(name.replace(/_(bucket|count|sum)$/, '')))
  expect(missing).toEqual([])
})
