// Findings that are known and accepted, each with a reason and an end: from that day on it counts again.
import { readFile } from 'node:fs/promises'
import type { Finding } from './scanner.ts'

export type Accepted = {
  tool: string
  rule: string
  /** How `where` begins; every place without. */
  where?: string
  reason: string
  /** The first day on which it counts again, such as 2027-01-31. */
  until: string
}

export async function readAccepted(file: string): Promise<Accepted[]> {
  const all = JSON.parse(await readFile(file, 'utf8')) as Accepted[]
  for (const { tool, rule, reason, until } of all) {
    const isDay = /^\d{4}-\d\d-\d\d$/.test(until) && !Number.isNaN(Date.parse(until))
    if (!tool || !rule || !reason?.trim() || !isDay)
      throw new Error(`${file}: ${tool} ${rule} lacks a reason or an end`)
  }
  return all
}

/** Why a finding is accepted today, if it is. */
export function reasonFor(accepted: readonly Accepted[], tool: string, finding: Finding, today: string) {
  const isThis = (entry: Accepted) =>
    entry.tool === tool && entry.rule === finding.rule && finding.where.startsWith(entry.where ?? '')
  return accepted.find((entry) => isThis(entry) && today < entry.until)?.reason
}
