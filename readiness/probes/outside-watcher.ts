// Somebody outside: a real blackbox exporter and a real Prometheus with this project's files, in which only places and lengths of time
// are others.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scalePrometheus, scaleRules } from '../../tools/drill-alerts/scale.ts'
import { findMonitoring } from '../../tools/monitoring/programs.ts'
import { freePorts } from '../../tools/stack.ts'
import type { Context } from '../context/context.ts'

/** Every length of time is divided by it: asked each 1.5 seconds, and two minutes are twelve seconds. */
const factor = 10
const job = '{job="public-url"}'

type Sample = [at: number, value: string]
type Series = { values: Sample[] }
type Labels = Record<string, string>
type Alert = { labels: Labels; state: 'pending' | 'firing' }
/** `authorities`: a file of whom to believe. */
type Settings = { folder: string; url: string; authorities: string }

/** Both end with the probe. */
export async function startWatcher(context: Context, { folder, url, authorities }: Settings) {
  const { tree, program, apiAt, until } = context
  const [exporterPort, prometheusPort] = await freePorts(2)
  const [exporter, prometheus] = [`127.0.0.1:${exporterPort}`, `127.0.0.1:${prometheusPort}`]
  const fileOf = (name: string) => readFileSync(join(tree, 'monitoring', name), 'utf8')
  const rules = join(folder, 'rules')
  mkdirSync(rules)
  for (const name of ['outside', 'service'])
    write(`rules/${name}.yml`, scaleRules(fileOf(`alerts/${name}.yml`), factor))
  // Nobody is told: OBS-16 and OBS-18 look at that.
  const places = { factor, rules, alertmanager: '127.0.0.1:1', blackbox: exporter, targets: { 'public-url': url } }
  const [blackboxFile, prometheusFile] = [
    write('blackbox.yml', fileOf('blackbox.yml')),
    write('prometheus.yml', scalePrometheus(fileOf('prometheus.yml'), places)),
  ]
  const asking = program('env', [
    `SSL_CERT_FILE=${authorities}`,
    await findMonitoring('blackbox'),
    `--config.file=${blackboxFile}`,
    `--web.listen-address=${exporter}`,
  ])
  program(await findMonitoring('prometheus'), [
    `--config.file=${prometheusFile}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${prometheus}`,
  ])
  const get = apiAt(`http://${prometheus}`).anonymous
  for (const [at, path] of [
    [exporter, '/-/healthy'],
    [prometheus, '/-/ready'],
  ])
    await until('watcher-does-not-start', async () => {
      const answer = await apiAt(`http://${at}`)
        .anonymous('GET', path ?? '')
        .catch(() => undefined)
      return answer?.status === 200
    })

  return { since, alert, askOnce, end: () => asking.child.kill('SIGKILL') }

  /** What a metric of the exporter was when it asked after a moment: in the end it was so twice, for a busy machine is slow once. */
  async function since(begun: number, name: string): Promise<number | undefined> {
    const query = encodeURIComponent(`${name}${job}[1m]`)
    const { data } = (await get('GET', `/api/v1/query?query=${query}`)).json<{ data: { result: Series[] } }>()
    const samples = data.result.flatMap(({ values }) => values).filter(([at]) => at * 1000 > begun)
    const [last, before] = [samples.at(-1), samples.at(-2)]
    return last && last[1] === before?.[1] ? Number(last[1]) : undefined
  }

  /** One that is pending or fires, by its name and another of its labels. */
  async function alert(name: string, labels: Labels = {}): Promise<Alert | undefined> {
    const { data } = (await get('GET', '/api/v1/alerts')).json<{ data: { alerts: Alert[] } }>()
    const wanted = Object.entries({ alertname: name, ...labels })
    return data.alerts.find((one) => wanted.every(([label, value]) => one.labels[label] === value))
  }

  /** What the exporter says when it may take as long as in production, where Prometheus waits for ten seconds. */
  async function askOnce(): Promise<string> {
    type Targets = { data: { activeTargets: { scrapeUrl: string }[] } }
    const { data } = (await get('GET', '/api/v1/targets')).json<Targets>()
    const { pathname, search } = new URL(data.activeTargets[0]?.scrapeUrl ?? '')
    const headers = { 'x-prometheus-scrape-timeout-seconds': '10' }
    return (await apiAt(`http://${exporter}`).anonymous('GET', `${pathname}${search}`, { headers })).text
  }

  function write(name: string, text: string): string {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  }
}
