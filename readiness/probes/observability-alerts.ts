// Whether alerts fire: each by its unit test, what they ask for on the running stack, and some of them for real, up to a receiver.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { findMonitoring } from '../../tools/monitoring/programs.ts'
import type { Context } from '../context/context.ts'
import { red } from '../context/red.ts'
import { metricsUrlOf } from './observability-samples.ts'
import { readGroups } from './prometheus.ts'

type Tested = { tests: { promql_expr_test?: { expr: string; exp_samples: { value: number }[] }[] }[] }
type Arrived = { alerts: { alert: string; seconds?: number; receivers: string[]; problem?: string }[] }

/** One for people, one for money, one for a queue, one for a store: a part of the drill that takes a minute. */
const drilled = ['LoginAttack', 'WebhookOdd', 'OutboxStuck', 'DatabaseAway']
/** Those of the budgets go through thirty days, and take minutes: `npm test` runs them. */
const slow = 'slos.test.yml'
/** Of the drill: it waits up to 90 seconds for what does not come. */
const patience = 400_000

export async function alertsFire(context: Context) {
  const files = globSync('monitoring/alerts/*.yml', { cwd: context.tree }).map((file) => join(context.tree, file))
  const rules = files.flatMap(readGroups).flatMap((group) => group.rules)
  const alerts = rules.flatMap(({ alert }) => alert ?? [])
  if (alerts.length === 0) red('no-alerts')
  const tests = await testsPass(context, alerts)
  const asked = await seriesExist(context, rules.map(({ expr }) => expr).join('\n'))
  return { alerts: alerts.length, tests, asked, ...(await someArrive(context)) }
}

/** promtool runs them; each alert has one in which it fires, and one in which it does not. */
async function testsPass({ program, tree }: Context, alerts: string[]) {
  const files = globSync('monitoring/tests/*.test.yml', { cwd: tree }).map((file) => join(tree, file))
  const quick = files.filter((file) => !file.endsWith(slow))
  const running = program(await findMonitoring('promtool'), ['test', 'rules', ...quick])
  const { code } = await running.ended
  if (code !== 0) red('unit-test-fails', running.said().slice(0, 400))
  const checks = files
    .flatMap((file) => (parse(readFileSync(file, 'utf8')) as Tested).tests)
    .flatMap((test) => test.promql_expr_test ?? [])
  for (const alert of alerts) {
    const of = checks.filter(({ expr }) => expr.includes(`"${alert}"`)).flatMap(({ exp_samples }) => exp_samples)
    const bothWays = of.some(({ value }) => value > 0) && (alert === 'Watchdog' || of.some(({ value }) => value === 0))
    if (!bothWays) red('alert-without-test', alert)
  }
  return checks.length
}

/** What the processes serve has the names that alerts ask for. Recorded ones (slo:…) and those of exporters are not theirs. */
async function seriesExist({ server, workers, apiAt }: Context, expressions: string): Promise<number> {
  const texts = await Promise.all(
    [server, ...workers].map(async (door) => (await apiAt(metricsUrlOf(door)).anonymous('GET', '/metrics')).text),
  )
  const served = new Set(texts.flatMap((text) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)))
  const asked = new Set(expressions.match(/\b(?:seaworthy|nodejs)_\w+/g))
  for (const name of asked)
    if (!served.has(name) && !served.has(name.replace(/_(bucket|count|sum)$/, ''))) red('no-such-series', name)
  return asked.size
}

async function someArrive({ finish, folder }: Context) {
  const file = join(folder(), 'drill.json')
  const args = ['tools/drill-alerts.ts', '--only', drilled.join(','), '--json', file]
  const { said } = await finish(args, {}, patience)
  const { alerts } = readResult(file) ?? red('no-drill', said.slice(-600))
  for (const { alert, seconds, problem } of alerts)
    if (seconds === undefined) red('alert-did-not-arrive', `${alert}: ${problem}`)
  return { arrived: alerts.map(({ alert, seconds, receivers }) => `${alert} at ${receivers.join(', ')}: ${seconds} s`) }
}

function readResult(file: string): Arrived | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Arrived
  } catch {
    // The drill ended before it began: what it said tells why.
    return undefined
  }
}
