// What is wrong with a plan: it reads a large table from end to end, spills to disk, or touches more pages than its statement may.
import type { PlanNode, Planned } from './log.ts'

/** Pages (8 KiB each, from memory or disk) that a statement may touch unless its call says otherwise: a page of twenty rows and more. */
export const usualPages = 300

function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node
  for (const child of node.Plans ?? []) yield* nodesOf(child)
}

export const pagesOf = ({ plan }: Pick<Planned, 'plan'>): number =>
  (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)

/** `large` are the tables that nothing may read from end to end; `most` is the budget in pages. */
export function faultsOf(planned: Planned, large: ReadonlySet<string>, most: number): string[] {
  const nodes = [...nodesOf(planned.plan)]
  const faults = nodes.flatMap((node) => {
    const table = node['Relation Name']
    if (node['Node Type'] === 'Seq Scan' && table && large.has(table)) return [`reads all of ${table}`]
    if (node['Sort Space Type'] === 'Disk') return ['its sort spills']
    return []
  })
  if (faults.length === 0 && nodes.some((node) => Number(node['Temp Written Blocks']) > 0)) faults.push('it spills')
  const pages = pagesOf(planned)
  return pages > most ? [...faults, `${pages} pages, of ${most}`] : [...new Set(faults)]
}

/** What a statement does to which table, short enough for a table of text. */
export function shortly(text: string): string {
  const [verb = ''] = /\b(select|insert|update|delete|with)\b/i.exec(text) ?? []
  const [, table = ''] = /\b(?:from|into|update)\s+"?([a-z_]+)"?/i.exec(text) ?? []
  return `${verb.toLowerCase()} ${table}`
}
