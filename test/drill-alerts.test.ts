// The fire drill before it runs: that its copies of the rules are the rules, and that it leaves out no alert.
import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { causes, uncaused } from '../tools/drill-alerts/causes.ts'
import {
  assertSame,
  millisecondsOf,
  readRules,
  scaleAlertmanager,
  scalePrometheus,
  scaleRules,
} from '../tools/drill-alerts/scale.ts'
import { textOf } from '../tools/drill-alerts/table.ts'
import { listAlerts } from '../tools/drill-alerts/watch.ts'
import { findMonitoring } from '../tools/monitoring/programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'seaworthy-scaled-'))
afterAll(() => rmSync(folder, { recursive: true }))
const run = promisify(execFile)
const files = globSync('monitoring/{alerts,rules}/*.yml')
type Scrape = { job_name: string; static_configs: { targets: string[] }[] }
const textOfFile = (path: string) => readFileSync(path, 'utf8')

describe('rules that are scaled', () => {
  test('have shorter waits, ranges and intervals, and nothing else that is new', () => {
    expect(files.length).toBeGreaterThan(5)
    for (const file of files) {
      const [before, after] = [textOfFile(file), scaleRules(textOfFile(file), 60)]
      const old = readRules(before)
      for (const [at, { expr, for: wait, ...rest }] of readRules(after).entries()) {
        const { expr: oldExpr, for: oldWait, ...oldRest } = old[at] ?? { expr: '' }
        expect(rest).toEqual(oldRest)
        expect(wait && millisecondsOf(wait)).toEqual(oldWait && millisecondsOf(oldWait) / 60)
        expect(() => assertSame(oldExpr, expr, 60)).not.toThrow()
      }
      expect(readRules(after)).toHaveLength(old.length)
    }
  })

  test('are taken by Prometheus', async () => {
    const copies = files.map((file) => {
      const copy = join(folder, file.replaceAll('/', '-'))
      writeFileSync(copy, scaleRules(textOfFile(file), 60))
      return copy
    })
    const { stdout } = await run(await findMonitoring('promtool'), ['check', 'rules', ...copies])
    expect(stdout.match(/SUCCESS/g)).toHaveLength(files.length)
  })

  test('are refused where more than a range has changed', () => {
    expect(() => assertSame('rate(a[5m]) > 2', 'rate(a[5000ms]) > 2', 60)).not.toThrow()
    expect(() => assertSame('rate(a[5m]) > 2', 'rate(a[5000ms]) > 1', 60)).toThrow(/not what it was/)
    expect(() => assertSame('rate(a[5m]) > 2', 'rate(a[6000ms]) > 2', 60)).toThrow(/not what it was/)
    expect(() => millisecondsOf('5 minutes')).toThrow(/no duration/)
  })
})

test('the routes of Alertmanager are what they are but for their waits, and each receiver has a path', () => {
  type Tree = { routes?: Tree[] } & Record<string, unknown>
  const bare = ({ group_wait, group_interval, repeat_interval, routes, ...rest }: Tree): Tree => ({
    ...rest,
    routes: routes?.map(bare) ?? [],
  })
  const text = textOfFile('monitoring/alertmanager.yml')
  const [before, after] = [parse(text, { merge: true }), parse(scaleAlertmanager(text, 60, 'http://receiver'))]
  expect(bare(after.route)).toEqual(bare(before.route))
  expect(after.route.group_wait).toBe('500ms')
  expect(after.inhibit_rules).toEqual(before.inhibit_rules)
  const urls = after.receivers.map(
    ({ webhook_configs }: { webhook_configs: { url: string }[] }) => webhook_configs[0]?.url,
  )
  expect(urls).toEqual(before.receivers.map(({ name }: { name: string }) => `http://receiver/${name}`))
})

test('Prometheus asks API, worker and the public URL as in production, sixty times as often', () => {
  const targets = { api: 'a:1', worker: 'w:1', 'public-url': 'https://p:1' }
  const places = { factor: 60, rules: '/rules', alertmanager: 'am:1', blackbox: 'bb:1', targets }
  const { global, scrape_configs } = parse(scalePrometheus(textOfFile('monitoring/prometheus.yml'), places))
  expect(global).toMatchObject({ scrape_interval: '250ms', evaluation_interval: '250ms' })
  const asked = scrape_configs.map(({ job_name, static_configs }: Scrape) => [job_name, static_configs[0]?.targets[0]])
  expect(Object.fromEntries(asked)).toEqual({ ...targets, 'public-url': 'https://p:1/v1/jobs?limit=1' })
  expect(JSON.stringify(scrape_configs)).toContain('"replacement":"bb:1"')
})

test('each alert has one cause, or one of at most three proofs', () => {
  const names = listAlerts().map(({ alert }) => alert)
  expect(names.length).toBeGreaterThan(40)
  const caused = causes.flatMap(({ alerts, later = [] }) => [...alerts, ...later])
  expect([...caused, ...Object.keys(uncaused)].sort()).toEqual([...names].sort())
  expect(Object.keys(uncaused).length).toBeLessThanOrEqual(3)
  for (const [alert, file] of Object.entries(uncaused)) expect(textOfFile(file)).toContain(`alertname: ${alert}`)
})

test('the table has a line for each alert, and says which did not arrive', () => {
  const common = { severity: 'page', by: 'a reason', resolved: true }
  const text = textOf([
    { ...common, alert: 'Came', seconds: 1.25, receivers: ['page', 'payments'] },
    { ...common, alert: 'Missing', receivers: [], problem: 'it did not arrive' },
  ])
  expect(text.split('\n')).toHaveLength(3)
  expect(text).toMatch(/^Came +page +a reason +1\.\d s +page, payments +yes$/m)
  expect(text).toMatch(/^Missing +page +a reason +NO +it did not arrive +-$/m)
})
