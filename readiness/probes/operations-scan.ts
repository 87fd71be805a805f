// OPS-16: programs that others made attack the running service and its edge, and read its workflows; nothing serious may come of it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readAccepted } from '../../tools/scan/accepted.ts'
import { openGround } from '../../tools/scan/ground.ts'
import { type Result, seriousOf } from '../../tools/scan/report.ts'
import { scan, scanners } from '../../tools/scan/scanners.ts'
import type { Context } from '../context/context.ts'
import type { Need } from '../context/stack.ts'
import { type Evidence, lacking, red } from '../control.ts'

/** What each stands on; the quick ones come first. */
const suites: Record<string, Need> = {
  zizmor: 'python',
  sqlmap: 'python',
  slowhttptest: 'debian',
  testssl: 'debian',
  schemathesis: 'python',
  wapiti: 'debian',
}

export async function seeScan(context: Context): Promise<Evidence> {
  await missingIsNoPass(context)
  const { tree, api } = context
  const accepted = await readAccepted(join(tree, 'tools/scan/accepted.json'))
  const ground = await openGround({ quick: true, target: api.url, root: tree, say: () => {} })
  const seen: Evidence = {}
  const missing: [Need, string][] = []
  try {
    for (const [name, need] of Object.entries(suites)) {
      const scanner = scanners.find((one) => one.name === name) ?? red('no-such-scanner', name)
      const result = await scan(scanner, ground, accepted)
      if (result.status === 'not verified') missing.push([need, `${name}: ${result.note}`])
      else seen[name] = workOf(result)
    }
  } finally {
    await ground.close()
  }
  const [first] = missing
  if (first) lacking(first[0], missing.map(([, what]) => what).join('; '))
  return seen
}

/** Red for what is serious, and for a program that did not do its work. */
function workOf(result: Result): string {
  const { tool, version, status, note, findings } = result
  if (status === 'failed') red('scan-failed', `${tool}: ${note}`)
  const serious = seriousOf([result]).map(({ rule, where, what }) => `${rule} at ${where}: ${what}`)
  if (serious.length > 0) red(`${tool}-found`, serious.join('\n').slice(0, 2000))
  return [`${version}: nothing serious`, `${findings.length} lesser or accepted`, note].filter(Boolean).join(', ')
}

/** Where its program can't be had, a scanner is not verified: it is neither clean nor left out. */
async function missingIsNoPass({ folder, finish, api }: Context): Promise<void> {
  const [report, nothing] = [folder(), folder()]
  const words = ['--quick', '--target', api.url, '--only', 'zizmor', '--report', report]
  const { said } = await finish(['tools/scan.ts', ...words], { PATH: nothing }, 60_000)
  const { results } = JSON.parse(readFileSync(join(report, 'report.json'), 'utf8')) as { results: Result[] }
  const statuses = results.map(({ tool, status }) => `${tool} ${status}`).join()
  if (statuses !== 'zizmor not verified') red('missing-passes', `${statuses}: ${said}`)
}
