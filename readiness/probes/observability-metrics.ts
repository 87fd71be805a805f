// OBS-07: the metrics of a process, and every way that could lead to them from where callers are.
import type { Context } from '../context/context.ts'
import type { Answer } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { callRaw } from './api-raw-call.ts'
import { metricsUrlOf, samplesOf, sumOf } from './observability-samples.ts'

/** As people and tools guess them. */
const paths = [
  ...['/metrics', '/metrics/', '/Metrics', '/METRICS', '/metrics?format=prometheus', '/metrics.txt', '/%6detrics'],
  ...['/v1/metrics', '/v1/admin/metrics', '/admin/metrics', '/health/metrics', '/internal/metrics', '/-/metrics'],
  ...['/prometheus', '/actuator/prometheus', '/federate', '/docs/metrics', '/metrics/api', '/metrics%00'],
]
/** No client of HTTP sends these as they are. */
const rawTargets = ['//metrics', '/./metrics', '/v1/../metrics', '/health/..;/metrics', '\\metrics', 'metrics']

type Get = (path: string, options?: { headers: Record<string, string> }) => Promise<Answer>

export async function metricsAreApart(context: Context): Promise<Evidence> {
  const { api, apiAt, server, workers } = context
  const samples = await samplesOf(context, server)
  if (sumOf(samples, 'seaworthy_build_info') !== 1) red('no-metrics', 'nothing says which build this is')
  for (const worker of workers) await workerTells(context, worker)

  const port = new URL(metricsUrlOf(server))
  const guesses = await noPathLeadsThere((path, options) => api.anonymous('GET', path, options), port.host)
  const raw = await Promise.all(rawTargets.map((target) => callRaw(api.url, requestOf(target, new URL(api.url).host))))
  const absolute = await callRaw(api.url, requestOf(`${port.origin}/metrics`, port.host))
  for (const answer of [...raw, absolute]) refuses(answer, 'a raw request')
  const admin = await api.as('admin')
  refuses(await admin.call('GET', '/metrics'), 'an admin')

  const other = await apiAt(port.origin).anonymous('GET', '/v1/jobs')
  if (other.status !== 404) red('metrics-port-serves-more', `${other.status} of /v1/jobs`)
  return { samples: samples.length, workers: workers.length, guesses: guesses + raw.length + 2, metricsPort: 'its own' }
}

/** Only reads: it may be done to a deployed service. `other` is a host under which the metrics might be known. */
export async function noPathLeadsThere(get: Get, other = 'localhost:9091'): Promise<number> {
  const fields = [
    { host: other },
    { 'x-forwarded-host': other },
    { 'x-forwarded-port': '9091' },
    { 'x-original-url': '/metrics' },
    { 'x-rewrite-url': '/metrics' },
    { forwarded: `host=${other}` },
  ]
  for (const path of paths) refuses(await get(path), path)
  for (const headers of fields) refuses(await get('/metrics', { headers }), JSON.stringify(headers))
  for (const headers of fields.slice(3)) notMetrics(await get('/health/live', { headers }), JSON.stringify(headers))
  return paths.length + fields.length
}

async function workerTells({ apiAt }: Context, worker: Context['workers'][number]): Promise<void> {
  const { status, text } = await apiAt(worker.url).anonymous('GET', '/metrics')
  if (status !== 200 || !isMetrics(text)) red('no-metrics-of-the-worker', `${status} ${text.slice(0, 100)}`)
  const { status: elsewhere } = await apiAt(worker.url).anonymous('GET', '/v1/jobs')
  if (elsewhere !== 404) red('worker-serves-more', String(elsewhere))
}

function refuses(answer: Answer, way: string): void {
  notMetrics(answer, way)
  // An edge may send elsewhere whoever asks for a host that it does not know.
  if (answer.status < 300) red('not-refused', `${answer.status} to ${way}`)
}

function notMetrics({ text }: Answer, way: string): void {
  if (isMetrics(text)) red('reachable-at-the-public-port', way)
}

const isMetrics = (text: string) => /^# (HELP|TYPE) \w+/m.test(text)
const requestOf = (target: string, host: string) =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
