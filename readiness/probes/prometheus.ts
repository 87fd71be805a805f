// A real Prometheus beside the stack of a probe, with this project's rules, seconds instead of quarters of minutes.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse, stringify } from 'yaml'
import { findMonitoring } from '../../tools/monitoring/programs.ts'
import { freePorts } from '../../tools/stack.ts'
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { metricsUrlOf } from './observability-samples.ts'

export type Prometheus = Awaited<ReturnType<typeof startPrometheus>>
type Rule = {
  alert?: string
  record?: string
  expr: string
  for?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}
type Group = { name: string; interval?: string; rules: Rule[] }
/** As the HTTP API of Prometheus gives it: the value is a number as text, with its time. */
export type Series = { metric: Record<string, string>; value: [at: number, value: string] }
/** `rules`: patterns below monitoring/. `change` makes another rule of one, or none. `labels` are those that a platform adds. */
type Settings = {
  api?: Door[]
  worker?: Door[]
  rules?: string[]
  change?: (rule: Rule) => Rule | undefined
  labels?: Record<string, string>
}

export const readGroups = (file: string) => (parse(readFileSync(file, 'utf8')) as { groups: Group[] }).groups

/** Scrapes each second what the jobs `api` and `worker` are in production. It ends with the probe. */
export async function startPrometheus(
  context: Context,
  { api = [], worker = [], rules = [], change, labels = {} }: Settings,
) {
  const folder = context.folder()
  const targets = (doors: Door[]) => [{ targets: doors.map((door) => new URL(metricsUrlOf(door)).host), labels }]
  const rule_files = globSync(rules, { cwd: join(context.tree, 'monitoring') })
    .filter((file) => !file.endsWith('.test.yml'))
    .map((file) => {
      const groups = readGroups(join(context.tree, 'monitoring', file)).map((group) => ({
        ...group,
        interval: '1s',
        rules: group.rules.flatMap((rule) => (change ? (change(rule) ?? []) : rule)),
      }))
      const copy = join(folder, `${basename(join(file, '..'))}-${basename(file)}`)
      writeFileSync(copy, stringify({ groups }))
      return copy
    })
  const config = {
    global: {
      scrape_interval: '1s',
      evaluation_interval: '1s',
      external_labels: { deployment: 'readiness', runbooks: 'https://runbooks.example' },
    },
    rule_files,
    scrape_configs: [
      { job_name: 'api', static_configs: targets(api) },
      { job_name: 'worker', static_configs: targets(worker) },
    ],
  }
  const file = join(folder, 'prometheus.yml')
  writeFileSync(file, stringify(config))
  const [port] = await freePorts(1)
  const words = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`]
  const running = context.program(await findMonitoring('prometheus'), [
    ...words,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  await running.until(/Server is ready to receive web requests/)
  const url = `http://127.0.0.1:${port}`
  const get = context.apiAt(url).anonymous

  return { url, query, alerts }

  /** An instant vector; nothing for a scalar that has no series. Throws where Prometheus does not understand it. */
  async function query(expression: string): Promise<Series[]> {
    const { status, text, json } = await get('GET', `/api/v1/query?query=${encodeURIComponent(expression)}`)
    if (status !== 200) throw new Error(`Prometheus does not answer ${expression}: ${text.slice(0, 300)}`)
    return json<{ data: { result: Series[] } }>().data.result
  }

  /** The alerts that are pending or fire. */
  async function alerts(): Promise<{ labels: Record<string, string>; state: string }[]> {
    const { json } = await get('GET', '/api/v1/alerts')
    return json<{ data: { alerts: { labels: Record<string, string>; state: string }[] } }>().data.alerts
  }
}
