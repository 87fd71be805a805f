// All scanners, and how one of them is run: what is not here is not verified, and what did not do its work has failed.
import type { Accepted } from './accepted.ts'
import { reasonFor } from './accepted.ts'
import { slowhttptest, testssl } from './edge.ts'
import { actionlint, checkov, gitleaks, gixy, hadolint, zizmor } from './files.ts'
import { type Result, resultOf } from './report.ts'
import type { Ground, Scanner } from './scanner.ts'
import { schemathesis } from './schemathesis.ts'
import { sqlmap } from './sqlmap.ts'
import { wapiti } from './wapiti.ts'

// Files first: they take seconds.
export const scanners: readonly Scanner[] = [
  ...[zizmor, actionlint, hadolint, checkov, gixy, gitleaks],
  ...[schemathesis, sqlmap, wapiti, testssl, slowhttptest],
]

/** Never rejects: what went wrong is the result. */
export async function scan(scanner: Scanner, ground: Ground, accepted: readonly Accepted[] = []): Promise<Result> {
  const begun = performance.now()
  const result = (rest: Omit<Parameters<typeof resultOf>[1], 'seconds'>) =>
    resultOf(scanner, { ...rest, seconds: (performance.now() - begun) / 1000 })
  let program: string
  try {
    program = await scanner.find()
  } catch (error) {
    const note = `${scanner.get} (${(error as Error).message})`
    return result({ status: 'not verified', note, findings: [] })
  }
  ground.say(`${scanner.name} looks at ${scanner.looksAt}`)
  try {
    const { findings, saw = '' } = await scanner.run(program, ground)
    const today = new Date().toISOString().slice(0, 10)
    const judged = findings.map((finding) => {
      const reason = reasonFor(accepted, scanner.name, finding, today)
      return { ...finding, ...(reason && { accepted: reason }) }
    })
    const isOpen = judged.some(({ accepted: reason }) => !reason)
    return result({ status: isOpen ? 'findings' : 'clean', note: saw, findings: judged })
  } catch (error) {
    return result({ status: 'failed', note: (error as Error).message, findings: [] })
  }
}
