// `npm run drill:alerts [-- --only Alert,Alert --json FILE]`: the fire drill. The service runs on this machine with Prometheus, Alertmanager
// and a receiver, everything is broken that an alert is on, and each alert has to arrive. Time runs sixty times as fast: waits, ranges and
// intervals are divided by one factor, and nothing else of a rule changes (docs/alert-drill.md). Exit 1 when one did not arrive.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { causes, uncaused } from './drill-alerts/causes.ts'
import { playDrill } from './drill-alerts/drill.ts'
import { openPublicUrl } from './drill-alerts/outside.ts'
import { openReceiver } from './drill-alerts/receiver.ts'
import { openService, type Service } from './drill-alerts/service.ts'
import { type Line, textOf } from './drill-alerts/table.ts'
import { listAlerts, openWatch } from './drill-alerts/watch.ts'

/** The longest `for` is three hours: three minutes. Beyond this, a scrape takes longer than the interval between two. */
const factor = 60

const { values } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'string' } } })
const started = performance.now()
const say = (line: string) => console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)}  ${line}`)
const alerts = listAlerts()
const names = values.only?.split(',') ?? alerts.map(({ alert }) => alert)
const unknown = names.filter((name) => !alerts.some(({ alert }) => alert === name))
if (unknown.length > 0) {
  console.error(`There is no alert ${unknown.join(', ')}`)
  process.exit(2)
}
/** A page must reach whoever is on call, and a ticket their list: that a team hears of it too is not enough. */
const homeOf = (severity: string) => (severity === 'none' ? 'watchdog' : severity)
const wanted = new Map(
  alerts.filter(({ alert }) => names.includes(alert)).map(({ alert, severity }) => [alert, homeOf(severity)]),
)
const chosen = causes.filter((cause) => [...cause.alerts, ...(cause.later ?? [])].some((name) => wanted.has(name)))

const parts = new AsyncDisposableStack()
let opening: Promise<unknown> = Promise.resolve()
let isOver = false
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    isOver = true
    say(`${signal}: everything is ended`)
    // What is being started can be ended only when it is there.
    await opening.catch(() => {})
    await parts.disposeAsync()
    process.exit(130)
  })

try {
  const lines = await drill()
  const missed = lines.filter(({ seconds, alert }) => seconds === undefined && !uncaused[alert])
  console.log(textOf(lines))
  const arrived = lines.length - lines.filter(({ seconds }) => seconds === undefined).length
  console.log(
    `${arrived} of ${lines.length} alerts arrived, after ${Math.round((performance.now() - started) / 1000)} s.`,
  )
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ factor, alerts: lines }, null, 2)}\n`)
  process.exitCode = missed.length > 0 ? 1 : 0
} catch (error) {
  if (!isOver) console.error((error as Error).message)
  process.exitCode = 1
} finally {
  if (!isOver) await parts.disposeAsync()
}

/** Waits for it, and has it closed at the end. */
async function keep<T extends { close(): unknown }>(it: Promise<T>): Promise<T> {
  opening = it
  const opened = parts.adopt(await it, async (part) => void (await part.close()))
  if (isOver) throw new Error('It was stopped')
  return opened
}

async function drill(): Promise<Line[]> {
  const folder = mkdtempSync(join(tmpdir(), 'seaworthy-drill-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const receiver = await keep(openReceiver((alert, name) => say(`${alert} arrived at ${name}`)))
  let service: Service | undefined
  const outside = await keep(openPublicUrl(folder, () => service?.url))
  say('the service starts')
  service = await keep(openService({ folder, publicUrl: outside.url }))
  const { targets } = service
  const { url: publicUrl, authorities } = outside
  const watching = { folder, factor, receiver: receiver.url, targets, publicUrl, authorities }
  const watch = await keep(openWatch(watching))
  await watch.untilQuiet()
  say('all is well: nothing fires but the Watchdog')
  const broken = { ...service, useCertificate: outside.use }
  const found = await playDrill({ causes: chosen, broken, receiver, active: watch.active, wanted, say })
  return alerts
    .filter(({ alert }) => wanted.has(alert))
    .map(({ alert, severity }) => {
      const nothing = { by: `nothing: ${uncaused[alert] ?? 'no cause'}`, receivers: [], resolved: false }
      return { ...nothing, ...found.find((line) => line.alert === alert), alert, severity }
    })
}
