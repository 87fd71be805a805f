// Makes what monitoring/ has from fewer words: rules and alerts from slos.json, dashboards from tools/monitoring/dashboards.ts,
// docs/metrics.md from the metrics as they are declared. `npm run monitoring`; with --check nothing is written, and the exit code is 1
// when a file says something else. It needs neither a database nor the network.
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { dashboards, renderDashboard } from './monitoring/dashboards.ts'
import { renderMetrics } from './monitoring/metrics-document.ts'
import { readSlos, renderAlerts, renderRules } from './monitoring/slos.ts'

const { values } = parseArgs({ options: { check: { type: 'boolean' } } })
const slos = readSlos()
const files: [path: string, text: string][] = [
  ['monitoring/rules/slos.yml', renderRules(slos)],
  ['monitoring/alerts/slos.yml', renderAlerts(slos)],
  ['docs/metrics.md', await renderMetrics()],
  ...dashboards.map((board): [string, string] => [`monitoring/dashboards/${board.uid}.json`, renderDashboard(board)]),
]

for (const [path, text] of files) {
  const file = resolve(import.meta.dirname, '..', path)
  if (!values.check) await writeFile(file, text)
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    console.error(`${path} is not what it is made of: run npm run monitoring, and commit the change`)
    process.exitCode = 1
  }
}
