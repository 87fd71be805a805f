// OBS-17: every query of every panel has data on a live Prometheus, while people use the service.
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { agreed, earned, type Parties } from './money-scene.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'
import { invoke, make } from './scene.ts'

/** The provider's records are compared often; strangers have few calls and few places; a busy machine is waited for. */
export const often = {
  SCHEDULES: 'reconciliation=*/2 * * * * *',
  SCHEDULES_WATCH_MS: '500',
  LIMIT_PUBLIC: '10/60s',
  CONCURRENT_REQUESTS: '4',
  WAITING_REQUESTS: '4',
  PAYMENTS_QUICK_MS: '8000',
}

type Target = { expr: string; legendFormat: string }
type Panel = { type: string; title: string; description?: string; targets?: Target[] }
type Asked = { reason: string; expr: string }

export async function panelsHaveData(context: Context): Promise<Evidence> {
  const { server, workers } = context
  const { asked, left, boards } = queriesOf(context.tree)
  const prometheus = await startPrometheus(context, { api: [server], worker: workers, rules: ['rules/*.yml'] })
  // Whoever makes a backup writes it down as the owner of the schema.
  await context.sql.owner(`INSERT INTO backups (kind, finished_at, failed_at, bytes, seconds)
    SELECT kind, now(), now() - interval '1 day', 9000000, 60 FROM unnest(ARRAY['logical', 'physical', 'drill']) AS kind`)
  const admin = await context.api.as('admin')
  const both: Parties = { client: await context.api.as('client'), worker: await context.api.as('worker') }
  let lacking = asked
  let rounds = 0
  // A rate needs a series that is seen before it grows: the service is used again and again while the panels are looked at.
  while (lacking.length > 0 && rounds++ < most) {
    await use(context, both, admin)
    lacking = await without(prometheus, lacking)
  }
  const [first] = lacking
  if (first)
    red(
      first.reason,
      `${first.expr}; ${lacking.length} of ${asked.length} queries have no data: ${lacking.map(({ reason }) => reason)}`,
    )
  return { boards, queries: asked.length, leftForWantOfAnExporter: left, rounds }
}

/** Times that the service is used before a query without data counts as one that never has any. */
const most = 8

/** What the files ask, with a reason that names board and panel. Panels of an exporter that no process stack has are left out. */
function queriesOf(tree: string) {
  const files = globSync('monitoring/dashboards/*.json', { cwd: tree }).sort()
  if (files.length === 0) red('no-dashboards')
  const left: string[] = []
  const asked = files.flatMap((file) => {
    const { panels } = JSON.parse(readFileSync(join(tree, file), 'utf8')) as { panels: Panel[] }
    return panels
      .filter(({ type }) => type !== 'row')
      .flatMap(({ title, description = '', targets = [] }) => {
        const panel = `${basename(file, '.json')}-${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`
        if (targets.length === 0) red('panel-without-query', panel)
        const isOfOthers = targets.every(({ expr }) => metricsOf(expr).length === 0)
        if (!isOfOthers || !/^Needs the [\w-]+-exporter/.test(description))
          return targets.map(({ expr }): Asked => ({ reason: `no-data-${panel}`, expr: instant(expr) }))
        left.push(panel)
        return []
      })
  })
  return { asked, left, boards: files.length }
}

/** Grafana fills in the window; its own is four scrapes or more. */
const instant = (expr: string) => expr.replaceAll('$__rate_interval', '20s')

/** The queries that have no number, or ask for a metric that has no series: behind "or vector(0)" it would not be missed. */
async function without(prometheus: Prometheus, queries: Asked[]): Promise<Asked[]> {
  const all = await Promise.all(
    queries.map(async (asked) => {
      const numbers = (await prometheus.query(asked.expr)).filter(({ value }) => value[1] !== 'NaN')
      const series = await Promise.all(metricsOf(asked.expr).map((name) => prometheus.query(`count(${name})`)))
      return numbers.length > 0 && series.every(({ length }) => length > 0) ? [] : [asked]
    }),
  )
  return all.flat()
}

const metricsOf = (expr: string) => [...new Set(expr.match(/\b(?:seaworthy|nodejs|process|slo)[_:][\w:]+/g))]

/** People sign up, sign in right and wrong, work and pay; some calls are refused, some answers come from the cache. */
async function use(context: Context, both: Parties, admin: Person): Promise<void> {
  const { api, newcomer } = context
  await invoke(api.anonymous, 'register')
  await api.anonymous('POST', '/v1/auth/login', { body: { email: both.client.email, password: 'not the password' } })
  const part = await earned(context, both, 10_000)
  await make(both.client.call, 'getContract', { part })
  await make(both.worker.call, 'payOut')
  context.payments.fault({ do: 'decline', on: 'charge' })
  await invoke(both.client.call, 'fundContract', { part: await agreed(both) })
  await admin.call('GET', '/v1/admin/users')
  await both.worker.call('GET', '/v1/admin/users')
  const stranger = newcomer()
  // More at once than there are places for, and then more than a stranger may call.
  const read = () => stranger.call('GET', '/v1/jobs?limit=3')
  await Promise.all(Array.from({ length: 60 }, read))
  for (let call = 0; call < 10; call++) await read()
}
