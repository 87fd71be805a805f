// What the databases of stacks are copied from: the schema as the migrations of a tree make it, or that with a million jobs in it.
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess } from '../../tools/process.ts'
import type { ScratchDatabase } from '../../tools/scratch-databases.ts'

/** They take six minutes and 4 GB, and each copy another 4 GB while it is looked at. */
export const seededJobs = 1_000_000
const week = 7 * 86_400_000

export const schemaKey = (tree: string): string => keyOf(tree, ['migrations/*.sql'])

/** What is due, old or of yesterday depends on the day: a template serves for a week. */
export const seedKey = (tree: string): string =>
  keyOf(tree, ['migrations/*.sql', 'tools/seed.ts', 'tools/seed/*.ts'], [seededJobs, Math.floor(Date.now() / week)])

export async function migrate(tree: string, database: ScratchDatabase): Promise<ScratchDatabase> {
  await finish(tree, ['src/migrate.ts'], database)
  return database
}

export async function seed(tree: string, database: ScratchDatabase): Promise<void> {
  await finish(tree, ['tools/seed.ts', '--jobs', String(seededJobs)], database)
}

async function finish(tree: string, [file = '', ...words]: string[], { ownerUrl }: ScratchDatabase): Promise<void> {
  const running = startProcess([join(tree, file), ...words], { cwd: tree, env: { DATABASE_OWNER_URL: ownerUrl } })
  const { code } = await running.ended
  if (code !== 0) throw new Error(`${file} did not end well:\n${running.said()}`)
}

function keyOf(tree: string, patterns: string[], more: number[] = []): string {
  const files = globSync(patterns, { cwd: tree }).sort()
  const hash = createHash('sha256').update(more.join())
  for (const file of files) hash.update(`${file}\n${readFileSync(join(tree, file), 'utf8')}`)
  // Short enough for the name of a database.
  return hash.digest('hex').slice(0, 32)
}
