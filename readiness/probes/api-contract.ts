// API-10: the check's own step on the tree as it is, on what its sources say, and on changes of each kind that breaks clients.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { breakingChanges, type Document } from './api-contract-changes.ts'

export async function breakingChangesAreDeclared(context: Context): Promise<Evidence> {
  const { finish, folder, tree, variant } = context
  const step = await finish(['tools/check.ts', 'API contract'], {}, 60_000)
  if (step.said.includes('No step of the check')) red('not-part-of-the-check', step.said)
  if (step.code !== 0) red('contract-check-fails', step.said.slice(0, 2000))

  const file = join(folder(), 'openapi.json')
  const made = await finish(['tools/openapi.ts', file], {}, 60_000)
  if (made.code !== 0) red('no-document', made.said.slice(0, 1000))
  const compare = (root: string) => finish([join(root, 'tools/contract.ts'), file], {}, 60_000)
  const today = await compare(tree)
  if (today.code !== 0) red('breaking-change-undeclared', today.said.slice(0, 2000))

  const document = JSON.parse(readFileSync(file, 'utf8')) as Document
  for (const { change } of breakingChanges) change(document)
  writeFileSync(file, JSON.stringify(document))
  const planted = await compare(tree)
  const missed = breakingChanges.find(({ key }) => !planted.said.includes(`\`${key}`))
  if (missed || planted.code !== 1) red('breaking-change-passes', missed?.what ?? String(planted.code))

  // What it says is to be written is written.
  const lines = planted.said.split('\n').filter((line) => line.startsWith('- `'))
  const { version } = JSON.parse(readFileSync(join(tree, 'releases/last.json'), 'utf8')) as { version: string }
  const heading = `\n## After ${version}\n`
  const why = lines.map((line) => line.replace(/\(why.*\)$/, 'planted by a probe, so that a client does nothing.'))
  const declared = variant([{ file: 'docs/api-changes.md', find: heading, replace: `${heading}\n${why.join('\n')}\n` }])
  const accepted = await compare(declared)
  if (accepted.code !== 0) red('declared-change-fails', accepted.said.slice(0, 1000))
  return { since: version, kinds: breakingChanges.map(({ what }) => what), declared: lines.length }
}
