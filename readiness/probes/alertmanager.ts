// A real Alertmanager with this project's routes and receivers: mail goes to the catcher, chat, pager and watchdog to a receiver of the
// probe, secrets are files, and every wait is a thousandth of what it is.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { scaled } from '../../tools/drill-alerts/scale.ts'
import { findMonitoring } from '../../tools/monitoring/programs.ts'
import { freePorts } from '../../tools/stack.ts'
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'

type Labels = Record<string, string>
type Route = { routes?: Route[] } & Record<string, unknown>
type Delivery = { path: string; body: string; authorization: string | undefined; at: number }
export type Alertmanager = Awaited<ReturnType<typeof startAlertmanager>>

const file = 'monitoring/alertmanager.yml'
const faster = 1000
const run = promisify(execFile)

/** The file as it is, but for the folder of its secrets; asks amtool about it. */
export async function openRoutes({ tree, folder }: Context) {
  const amtool = await findMonitoring('amtool')
  const secrets = join(folder(), 'secrets')
  cpSync(join(tree, 'monitoring/development-secrets'), secrets, { recursive: true })
  const copy = join(folder(), 'alertmanager.yml')
  writeFileSync(copy, readFileSync(join(tree, file), 'utf8').replaceAll('/run/secrets', secrets))

  return { check, receiversOf }

  /** Red by `refused` where Alertmanager would not start with it. */
  async function check(): Promise<void> {
    await run(amtool, ['check-config', copy]).catch((error: Error) => red('refused', error.message))
  }

  async function receiversOf(labels: Labels): Promise<string[]> {
    const words = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
    const { stdout } = await run(amtool, ['config', 'routes', 'test', `--config.file=${copy}`, ...words])
    return stdout.trim().split(',')
  }
}

export async function startAlertmanager(context: Context) {
  const receiver = await openReceiver()
  const folder = context.folder()
  const running = context.program(await findMonitoring('alertmanager'), await words())
  await running.until(/Completed loading of configuration file/)
  const url = `http://${address()}`
  const { anonymous } = context.apiAt(url)
  await context.until(
    'not-ready',
    async () => (await anonymous('GET', '/-/ready').catch(() => undefined))?.status === 200,
  )

  return { deliveries: receiver.deliveries, send, alerts, close: receiver.close }

  async function words(): Promise<string[]> {
    const text = readFileSync(join(context.tree, file), 'utf8').replaceAll('/run/secrets', join(folder, 'secrets'))
    const config = parse(text, { merge: true })
    const { host } = new URL(context.env.SMTP_URL ?? '')
    Object.assign(config.global, { smtp_smarthost: host, pagerduty_url: `${receiver.url}/pager` })
    for (const { webhook_configs = [] } of config.receivers)
      for (const hook of webhook_configs) hook.url = `${receiver.url}/watchdog`
    hurry(config.route)
    mkdirSync(join(folder, 'secrets'))
    cpSync(join(context.tree, 'monitoring/development-secrets'), join(folder, 'secrets'), { recursive: true })
    for (const [name, path] of [
      ['slack_url', 'chat'],
      ['slack_payments_url', 'chat-of-payments'],
    ])
      writeFileSync(join(folder, 'secrets', name ?? ''), `${receiver.url}/${path}`)
    // JSON is YAML.
    writeFileSync(join(folder, 'alertmanager.yml'), JSON.stringify(config))
    const [port] = await freePorts(1)
    return [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ]
  }

  function address(): string {
    const word = running.child.spawnargs.find((each) => each.startsWith('--web.listen-address='))
    return word?.split('=')[1] ?? ''
  }

  /** Tells of an alert, as Prometheus does; `ends` says that it is over. */
  async function send(labels: Labels, ends?: Date): Promise<void> {
    const annotations = {
      summary: `About ${labels.alertname}`,
      runbook_url: `https://runbooks.example/${labels.alertname}.md`,
    }
    const body = [{ labels: { deployment: 'readiness', ...labels }, annotations, ...(ends && { endsAt: ends }) }]
    const { status, text } = await anonymous('POST', '/api/v2/alerts', { body })
    if (status !== 200) red('alert-refused', text.slice(0, 200))
  }

  async function alerts(): Promise<{ labels: Labels; status: { state: string; inhibitedBy: string[] } }[]> {
    return (await anonymous('GET', '/api/v2/alerts')).json()
  }
}

function hurry(route: Route): void {
  for (const wait of ['group_wait', 'group_interval', 'repeat_interval']) {
    const given = route[wait]
    if (typeof given === 'string') route[wait] = given === '0s' ? given : scaled(given, faster)
  }
  for (const inner of route.routes ?? []) hurry(inner)
}

/** Takes whatever comes, as Slack and PagerDuty do. */
async function openReceiver() {
  const deliveries: Delivery[] = []
  const server = createServer(async (request, answer) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const path = request.url ?? ''
    const { authorization } = request.headers
    deliveries.push({ path, body: Buffer.concat(chunks).toString(), authorization, at: Date.now() })
    answer.writeHead(path === '/pager' ? 202 : 200).end('ok')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    deliveries: (path: string, word = '') => deliveries.filter((one) => one.path === path && one.body.includes(word)),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
