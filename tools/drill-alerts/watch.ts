// Who watches in a drill: Prometheus with this project's rules, Alertmanager with its routes, and the blackbox exporter, all faster.
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findMonitoring } from '../monitoring/programs.ts'
import { freePorts } from '../stack.ts'
import { startChild } from './child.ts'
import { readRules, scaleAlertmanager, scaled, scalePrometheus, scaleRules } from './scale.ts'

type Options = {
  folder: string
  factor: number
  receiver: string
  targets: { api: string; worker: string }
  publicUrl: string
  authorities: string
}
type Active = { labels: Record<string, string> }

const monitoring = resolve(import.meta.dirname, '../../monitoring')
const fileOf = (name: string) => readFileSync(join(monitoring, name), 'utf8')

/** Each alert of monitoring/, with its severity. */
export function listAlerts(): { alert: string; severity: string }[] {
  return globSync('alerts/*.yml', { cwd: monitoring })
    .sort()
    .flatMap((file) => readRules(fileOf(file)))
    .flatMap(({ alert, labels }) => (alert ? [{ alert, severity: labels?.severity ?? '' }] : []))
}

export async function openWatch({ folder, factor, receiver, targets, publicUrl, authorities }: Options) {
  const parts = new AsyncDisposableStack()
  try {
    const [prometheusPort, alertmanagerPort, blackboxPort] = await freePorts(3)
    const at = (port: number | undefined) => `127.0.0.1:${port}`
    const rules = join(folder, 'rules')
    mkdirSync(rules)
    for (const file of globSync('{alerts,rules}/*.yml', { cwd: monitoring }))
      writeFileSync(join(rules, file.replace('/', '-')), scaleRules(fileOf(file), factor))
    const write = (name: string, text: string) => {
      const file = join(folder, basename(name))
      writeFileSync(file, text)
      return `--config.file=${file}`
    }

    const blackbox = startChild(
      await findMonitoring('blackbox'),
      [write('blackbox.yml', fileOf('blackbox.yml')), `--web.listen-address=${at(blackboxPort)}`],
      { env: { SSL_CERT_FILE: authorities } },
    )
    parts.defer(blackbox.stop)
    const alertmanager = startChild(await findMonitoring('alertmanager'), [
      write('alertmanager.yml', scaleAlertmanager(fileOf('alertmanager.yml'), factor, receiver)),
      `--storage.path=${join(folder, 'alertmanager')}`,
      `--web.listen-address=${at(alertmanagerPort)}`,
      '--cluster.listen-address=',
    ])
    parts.defer(alertmanager.stop)
    const places = {
      factor,
      rules,
      alertmanager: at(alertmanagerPort),
      blackbox: at(blackboxPort),
      targets: { ...targets, 'public-url': publicUrl },
    }
    const prometheus = startChild(await findMonitoring('prometheus'), [
      write('prometheus.yml', scalePrometheus(fileOf('prometheus.yml'), places)),
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=${at(prometheusPort)}`,
      // Both are waits of Prometheus that its file does not have: these are its defaults.
      `--query.lookback-delta=${scaled('5m', factor)}`,
      `--rules.alert.resend-delay=${scaled('1m', factor)}`,
    ])
    parts.defer(prometheus.stop)
    await Promise.all([
      blackbox.untilAnswers(`http://${at(blackboxPort)}/-/healthy`),
      alertmanager.untilAnswers(`http://${at(alertmanagerPort)}/-/ready`),
      prometheus.untilAnswers(`http://${at(prometheusPort)}/-/ready`),
    ])
    return { active, untilQuiet, close: () => parts.disposeAsync() }

    /** The names of what is pending or fires now. */
    async function active(): Promise<string[]> {
      const answer = await fetch(`http://${at(prometheusPort)}/api/v1/alerts`)
      const { data } = (await answer.json()) as { data: { alerts: Active[] } }
      return data.alerts.map(({ labels }) => labels.alertname ?? '')
    }

    /** Nothing but the Watchdog, a few looks in a row. Rejects with what there is when that does not come. */
    async function untilQuiet(within = 60_000): Promise<void> {
      let quiet = 0
      let others: string[] = []
      for (const end = Date.now() + within; quiet < 8; await delay(500)) {
        const names = await active()
        others = names.filter((name) => name !== 'Watchdog')
        quiet = names.length > 0 && others.length === 0 ? quiet + 1 : 0
        if (Date.now() > end) throw new Error(`Before anything was broken: ${others.join(', ') || 'no alert at all'}`)
      }
    }
  } catch (error) {
    await parts.disposeAsync()
    throw error
  }
}
