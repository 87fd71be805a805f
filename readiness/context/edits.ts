import { readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'

/** A text of a file that is replaced, and has to stand there exactly once. */
export type Edit = { file: string; find: string; replace: string }
/** The edit could not be made, so the sabotage says nothing. */
export class NotApplied extends Error {}

/** Makes all edits in a tree, or none. Answers what brings the files back. Throws NotApplied. */
export function applyEdits(tree: string, edits: readonly Edit[]): { undo(): void; undone(): boolean } {
  const before = new Map<string, string>()
  const after = new Map<string, string>()
  for (const { file, find, replace } of edits) {
    const text = after.get(file) ?? readIn(tree, file)
    if (!before.has(file)) before.set(file, text)
    const parts = text.split(find)
    if (parts.length !== 2)
      throw new NotApplied(`the text stands ${parts.length - 1} times in ${file}: ${find.slice(0, 80)}`)
    after.set(file, parts.join(replace))
  }
  for (const [file, text] of after) {
    if (text === before.get(file)) throw new NotApplied(`the edit changes nothing in ${file}`)
    if (file.endsWith('.ts')) parseOrRefuse(file, text)
  }
  write(tree, after)
  return {
    undo: () => write(tree, before),
    undone: () => [...before].every(([file, text]) => readIn(tree, file) === text),
  }
}

function write(tree: string, files: Map<string, string>): void {
  for (const [file, text] of files) writeFileSync(join(tree, file), text)
}

function readIn(tree: string, file: string): string {
  try {
    return readFileSync(join(tree, file), 'utf8')
  } catch {
    throw new NotApplied(`${file} can't be read`)
  }
}

/** A file that can't be parsed breaks everything, and would make any probe red. */
function parseOrRefuse(file: string, text: string): void {
  try {
    stripTypeScriptTypes(text)
  } catch (error) {
    throw new NotApplied(`the edit is not valid TypeScript: ${file}: ${(error as Error).message}`)
  }
}
