// docs/metrics.md, from the metrics as the code declares them.

import type { Declared } from '../../src/lib/metrics.ts'
import { createQueueMetrics } from '../../src/lib/queue-metrics.ts'
import { createQueueRedisMetrics } from '../../src/queue-redis.ts'
import { watchProcess, watchStores } from '../../src/vitals.ts'
import { openUnconnected } from '../unconnected.ts'

const head = `# Metrics

Made by \`npm run monitoring\` from what the code declares: a metric that is renamed changes this page, and the tests of alerts and
dashboards. Names and units follow [Prometheus](https://prometheus.io/docs/practices/naming/). The API serves them at port 9091, a worker at
its health port 9092, both under \`/metrics\`; the edge leads to neither. Labels have few values, and none of them comes from a caller.
`

/** Every metric of an API process and of a worker. */
export async function declaredMetrics(): Promise<(Declared & { of: string })[]> {
  const api = await ofApi()
  const worker = await ofWorker()
  const names = [...new Set([...api.keys(), ...worker.keys()])].sort()
  return names.map((name) => {
    const [here, there] = [api.get(name), worker.get(name)]
    const declared = (here ?? there) as Declared
    return { ...declared, of: here && there ? 'both' : here ? 'API' : 'worker' }
  })
}

export async function renderMetrics(): Promise<string> {
  const rows = (await declaredMetrics()).map(({ name, type, labels, of, help }) => {
    return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${of} | ${help.replaceAll('|', '\\|')} |`
  })
  return [head, '| name | type | labels | of | what it is |', '|---|---|---|---|---|', ...rows, ''].join('\n')
}

async function ofApi() {
  const { buildApp, services, database, close } = await openUnconnected()
  await buildApp()
  watchProcess(services.metrics, { poolUse: database.use, folder: '.' })
  const declared = services.metrics.declared()
  await close()
  return byName(declared)
}

/** Without the routes, and with what only workers watch. */
async function ofWorker() {
  const { services, database, close } = await openUnconnected()
  watchProcess(services.metrics, { poolUse: database.use, folder: '.' })
  watchStores(services.metrics, {
    db: database.db,
    limitsRedis: undefined,
    cacheRedis: undefined,
    queuesInfo: async () => undefined,
  })
  createQueueMetrics(services.metrics).watch(new Map())
  createQueueRedisMetrics(services.metrics)
  const declared = services.metrics.declared()
  await close()
  return byName(declared)
}

const byName = (declared: Declared[]) => new Map(declared.map((each) => [each.name, each]))
