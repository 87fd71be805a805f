// `npm run check`: everything that needs neither a database nor the network. Prints a line for each step, and what a failed one said.
// `npm run check -- 'API contract'` runs only the steps of these names.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { text } from 'node:stream/consumers'

const steps: [name: string, command: string][] = [
  ['format and lint', 'biome ci --error-on-warnings --colors=off .'],
  ['types', 'tsc --noEmit'],
  ['types (k6)', 'tsc -p k6'],
  ['architecture', 'node tools/architecture.ts'],
  ['dead code', 'knip'],
  ['OpenAPI document is current', 'node tools/openapi.ts --check'],
  ['configuration document is current', 'node tools/configuration-document.ts --check'],
  ['monitoring is current', 'node tools/monitoring.ts --check'],
  ['capacity document is current', 'node tools/capacity.ts --check'],
  ['readiness documents are current', 'node readiness/documents.ts --check'],
  ['API contract', 'node tools/contract.ts'],
  ['migration lint', 'node tools/migration-lint.ts'],
  ['OpenAPI lint (Redocly)', 'redocly lint --lint-config=error --format=stylish docs/openapi.json'],
  ['OpenAPI lint (Spectral)', 'spectral lint --fail-severity=hint --fail-on-unmatched-globs docs/openapi.json'],
]

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !steps.some(([step]) => step === name))
if (unknown.length > 0) throw new Error(`No step of the check is called: ${unknown.join(', ')}`)
const chosen = steps.filter(([name]) => asked.length === 0 || asked.includes(name))
const waiting = [...chosen]
const failed: string[] = []

async function work() {
  for (let step = waiting.shift(); step; step = waiting.shift()) await run(...step)
}

async function run(name: string, command: string) {
  const start = performance.now()
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  const child = spawn(`${command} 2>&1`, { shell: true, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  console.log(`${code === 0 ? 'pass' : 'FAIL'}  ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
  if (code !== 0) {
    failed.push(name)
    console.log(`\n${said.trim()}\n`)
  }
}

await Promise.all([work(), work()])
console.log(failed.length === 0 ? `check: all ${chosen.length} steps pass` : `check: failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
