// Which controls a change may have broken: those alone are broken on purpose by --since.
import type { Control, Sabotage } from '../control.ts'
import { piecesOfControls, type Read } from './pieces.ts'

/** The files that differ, and how every file reads now and read before. */
export type Change = { files: ReadonlySet<string>; now: Read; before: Read }

/** Those whose code changed, or the place that a sabotage edits, or their entry or a part of their probe. `catalogue` are its files. */
export function touchedBy(change: Change, controls: readonly Control[], catalogue: readonly string[]): Control[] {
  const now = piecesOfControls(catalogue, change.now)
  const before = piecesOfControls(catalogue, change.before)
  return controls.filter(
    ({ id, code, sabotages }) =>
      code.some((file) => change.files.has(file)) ||
      now.get(id) !== before.get(id) ||
      sabotages.some((sabotage) => isMoved(sabotage, change)),
  )
}

/** Whether the lines around one of its edits differ. A table such as app.ts, which each new route adds a line to, is edited by many. */
function isMoved(sabotage: Sabotage, { files, now, before }: Change): boolean {
  if (sabotage.kind !== 'source') return false
  return sabotage.edits.some(
    ({ file, find }) => files.has(file) && around(find, now(file)) !== around(find, before(file)),
  )
}

const lines = 5

/** The text with the lines before and behind it; undefined where it does not stand. */
function around(find: string, text: string | undefined): string | undefined {
  const [head, tail] = text?.split(find) ?? []
  if (head === undefined || tail === undefined) return undefined
  return [...head.split('\n').slice(-lines), find, ...tail.split('\n').slice(0, lines)].join('\n')
}
