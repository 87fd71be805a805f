// What is wrong with a plan: it reads a large table from end to end, spills to disk, or touches more pages than its statement may.
import type { PlanNode, Planned } from './log.ts'

/** `reason` is for programs, `detail` for people. */
export type Fault = {
  reason: 'sequential-scan' | 'spills' | 'too-many-pages' | 'deep-page-costs-more' | 'not-answered' | 'not-looked-at'
  detail: string
}

/** Pages (8 KiB each, from memory or disk) that a statement may touch unless its call says otherwise: a page of twenty rows and more. */
export const usualPages = 300

function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node
  for (const child of node.Plans ?? []) yield* nodesOf(child)
}

export const pagesOf = ({ plan }: Pick<Planned, 'plan'>): number =>
  (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)

/** `large` are the tables that nothing may read from end to end; `most` is the budget in pages. */
export function faultsOf(planned: Planned, large: ReadonlySet<string>, most: number): Fault[] {
  const nodes = [...nodesOf(planned.plan)]
  const read = nodes.flatMap((node) => (node['Node Type'] === 'Seq Scan' ? (node['Relation Name'] ?? []) : []))
  const whole = new Set(read.filter((table) => large.has(table)))
  const faults = [...whole].map((table): Fault => ({ reason: 'sequential-scan', detail: `reads all of ${table}` }))
  if (nodes.some((node) => node['Sort Space Type'] === 'Disk' || Number(node['Temp Written Blocks']) > 0))
    faults.push({ reason: 'spills', detail: 'spills to disk' })
  const pages = pagesOf(planned)
  if (pages > most) faults.push({ reason: 'too-many-pages', detail: `${pages} pages, of ${most}` })
  return faults
}

/** What a statement does to which table, short enough for a table of text. */
export function shortly(text: string): string {
  const [verb = ''] = /\b(select|insert|update|delete|with)\b/i.exec(text) ?? []
  const [, table = ''] = /\b(?:from|into|update)\s+"?([a-z_]+)"?/i.exec(text) ?? []
  return `${verb.toLowerCase()} ${table}`
}
