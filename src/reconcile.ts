// Reconciliation door: `npm run reconcile` compares our payments with those of the provider, and exits with 1 when they differ. `-- --since
// 2026-11-01 --until 2026-11-08` compares other days than the last three, `--json` is for machines. `-- settle ID` gives a payment that is
// pending the end that it has there, `-- refund ID` begins a refund again that was refused.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { ConfigError, loadConfigWithSecrets } from './config.ts'
import { open } from './door.ts'
import { createLog } from './lib/log.ts'
import type { Reconciliation } from './modules/payments/reconciliation.service.ts'
import { openResources } from './resources.ts'
import { createServices } from './services.ts'
import { version } from './version.ts'

await open(async () => {
  const { command, id, json, since, until } = readOptions()
  const config = await loadConfigWithSecrets()
  const log = createLog({ ...config.log, service: 'seaworthy-reconcile', version, deployment: config.deployment })
  const resources = await openResources(config, log)
  try {
    const { reconciliation } = await createServices(config, resources, log)
    if (command === 'settle') return console.log(await settle(id))
    if (command === 'refund') return console.log(`Another refund is due: ${await reconciliation.refundAgain(id)}`)
    const seen = await reconciliation.compare({ ...(since && { since }), ...(until && { until }) })
    console.log(json ? JSON.stringify(seen, null, 2) : inWords(seen))
    if (seen.differences.length > 0) process.exitCode = 1

    async function settle(paymentId: string): Promise<string> {
      const end = await reconciliation.settlePending(paymentId)
      return end ? `${paymentId} has ${end}.` : `${paymentId} has no end there either: it is tried again by itself.`
    }
  } finally {
    await resources.close()
  }
})

function inWords({ since, until, checked, differences }: Reconciliation): string {
  const lines = differences.map(
    ({ kind, paymentId = '-', providerId = '-', here, there }) =>
      `${kind.padEnd(15)} ${paymentId}  ${providerId}  here: ${here}  there: ${there}`,
  )
  const summary = `${checked} records from ${since} to ${until}, ${differences.length} differences.`
  return [...lines, summary].join('\n')
}

function readOptions() {
  const usage = 'Say nothing to compare, settle ID or refund ID; --since and --until take RFC 3339 times'
  const known = { since: { type: 'string' }, until: { type: 'string' }, json: { type: 'boolean' } } as const
  const { values, positionals } = parse()
  const [command, id = '', ...more] = positionals
  const isCommand = command === 'settle' || command === 'refund'
  if (more.length > 0 || (command !== undefined && !isCommand) || isCommand !== (id !== ''))
    throw new ConfigError([usage])
  return { command, id, json: values.json, since: timeOf(values.since), until: timeOf(values.until) }

  function parse() {
    try {
      return parseArgs({ options: known, allowPositionals: true })
    } catch (error) {
      throw new ConfigError([`${(error as Error).message} ${usage}`])
    }
  }

  function timeOf(text: string | undefined): Date | undefined {
    if (text !== undefined && Number.isNaN(Date.parse(text))) throw new ConfigError([`"${text}" is no time. ${usage}`])
    return text === undefined ? undefined : new Date(text)
  }
}
