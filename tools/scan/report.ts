// What a scan found: one table for people at a terminal, a page in Markdown, and JSON for machines.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { textTable } from '../text-table.ts'
import { type Finding, type Scanner, severities } from './scanner.ts'

/** `failed`: it did not do its work, which is no sign of health. */
type Status = 'clean' | 'findings' | 'not verified' | 'failed'
export type Result = {
  tool: string
  version: string
  looksAt: string
  status: Status
  seconds: number
  /** Why it is not verified or failed, or what it saw. */
  note: string
  findings: (Finding & { accepted?: string })[]
}

const isSerious = ({ severity, accepted }: Result['findings'][number]) =>
  !accepted && (severity === 'critical' || severity === 'high')

export const seriousOf = (results: readonly Result[]) => results.flatMap(({ findings }) => findings.filter(isSerious))

export const resultOf = ({ name, version, looksAt }: Scanner, rest: Omit<Result, 'tool' | 'version' | 'looksAt'>) => ({
  ...{ tool: name, version, looksAt },
  ...rest,
})

type Row = readonly string[]

function rowsOf(results: readonly Result[]): { tools: Row[]; findings: Row[] } {
  const tools = results.map(({ tool, version, status, seconds, findings, note }) => {
    const text = status === 'findings' ? `${findings.length} findings` : status
    return [tool, version, text, `${seconds.toFixed(0)} s`, note.split('\n')[0]?.slice(0, 240) ?? '']
  })
  const all = results.flatMap(({ tool, findings }) => findings.map((finding) => ({ tool, ...finding })))
  all.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
  const findings = all.map(({ tool, severity, rule, what, where, accepted }) => {
    const text = accepted ? `accepted: ${accepted}` : what
    return [tool, severity, rule, where, text.replace(/\s+/g, ' ').slice(0, 160)]
  })
  return { tools, findings }
}

const heads = {
  tools: ['tool', 'version', 'status', 'time', 'note'],
  findings: ['tool', 'severity', 'rule', 'where', 'what'],
}

export function textOf(results: readonly Result[]): string {
  const { tools, findings } = rowsOf(results)
  const found = findings.length > 0 ? `\n\n${textTable([heads.findings, ...findings])}` : ''
  return `${textTable([heads.tools, ...tools])}${found}`
}

export async function writeReport(folder: string, results: readonly Result[]): Promise<void> {
  const { tools, findings } = rowsOf(results)
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const table = (head: Row, rows: readonly Row[]) =>
    [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')
  const page = `# Scan\n\n${table(heads.tools, tools)}\n\n${findings.length > 0 ? table(heads.findings, findings) : 'No findings.'}\n`
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'report.md'), page)
  await writeFile(
    join(folder, 'report.json'),
    `${JSON.stringify({ at: new Date().toISOString(), results }, null, 2)}\n`,
  )
}
