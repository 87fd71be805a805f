// The report folder: report.json, and what is made of it. A report.json that someone edited is not read back.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Value } from 'typebox/value'
import { checkSignOffs } from '../runner/sign-off.ts'
import { renderBadge } from './badge.ts'
import { renderPage } from './html.ts'
import { renderJunit } from './junit.ts'
import { renderOpenMetrics } from './openmetrics.ts'
import { Report, type SignOff } from './report.schemas.ts'
import { digestOf, sealReport } from './report.ts'

/** Writes all files, and answers the digest. `report.json.sha256` lets the next run see whether the report is as it was written. */
export function writeReport(folder: string, report: Report, signOffs: SignOff[]): string {
  const [wrong] = Value.Errors(Report, report)
  if (wrong) throw new Error(`The report is not as its schema says: ${wrong.instancePath} ${wrong.message}`)
  const { text, digest } = sealReport(report)
  mkdirSync(folder, { recursive: true })
  const files = {
    'report.json': text,
    // The format of sha256sum, so that `sha256sum --check` reads it.
    'report.json.sha256': `${digest}  report.json\n`,
    'junit.xml': renderJunit(report),
    'openmetrics.txt': renderOpenMetrics(report),
    'badge.svg': renderBadge(report),
    'index.html': renderPage(report, checkSignOffs(report, digest, signOffs), digest),
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return digest
}

export type Kept = { report: Report; digest: string }

/** The report of a folder: undefined when there is none, a text that says why when it can't be trusted. */
export function readReport(folder: string): Kept | string | undefined {
  const file = join(folder, 'report.json')
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  const sealed = existsSync(`${file}.sha256`) ? readFileSync(`${file}.sha256`, 'utf8').split(' ')[0] : ''
  const digest = digestOf(text)
  if (sealed !== digest) return `${file} was changed after it was written`
  try {
    return { report: Value.Parse(Report, JSON.parse(text)), digest }
  } catch {
    return `${file} is not as the schema of this version says`
  }
}
