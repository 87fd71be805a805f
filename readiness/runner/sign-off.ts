// Six people sign one report. A sign-off counts for the commit and the very bytes of the report.json that it names.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckedSignOff, Report, SignOff } from '../report/report.schemas.ts'

type Signature = { name: string; role: SignOff['role']; date: string }

/** Why a report can't be signed, or undefined when it can. */
export function unsignable({ run }: Report, head: string): string | undefined {
  if (run.dirty) return 'The report is of files that were not committed: commit, run again, then sign'
  if (run.commit !== head)
    return `The report is of commit ${run.commit.slice(0, 8)}, not of ${head.slice(0, 8)}: run again`
  if (run.target !== 'local') return 'The report is of a target that was only looked at: sign that of a whole run'
  return undefined
}

/** Writes the sign-off; one of the same role for the same commit is replaced. Answers its file. */
export function signReport(folder: string, { run }: Report, digest: string, signature: Signature): string {
  const signOff: SignOff = { ...signature, commit: run.commit, digest }
  const file = join(folder, 'sign-offs', `${run.commit.slice(0, 12)}-${signature.role}.json`)
  mkdirSync(join(folder, 'sign-offs'), { recursive: true })
  writeFileSync(file, `${JSON.stringify(signOff, null, 2)}\n`)
  return file
}

/** Holds sign-offs against a report. */
export function checkSignOffs({ run }: Report, digest: string, signOffs: readonly SignOff[]): CheckedSignOff[] {
  return signOffs.map((signOff) => {
    const why =
      signOff.commit !== run.commit
        ? `it is of commit ${signOff.commit.slice(0, 8)}`
        : signOff.digest !== digest
          ? 'it is of another report.json: run again, or someone edited it'
          : ''
    return { ...signOff, valid: why === '', why }
  })
}
