// Holds the imports against .dependency-cruiser.mjs. `node tools/architecture.ts [ROOT]`, exit 1 when an arrow is wrong.
import { existsSync, globSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser'

const folders = ['src', 'tools', 'test', 'readiness', 'bench']

/** The violations under a root, one line each. Throws when fewer files were examined than there are: a check that saw nothing must not pass. */
export async function wrongArrows(root: string): Promise<string[]> {
  process.chdir(root)
  const rules: IConfiguration = (await import(pathToFileURL(resolve('.dependency-cruiser.mjs')).href)).default
  const files = globSync(folders.map((folder) => `${folder}/**/*.ts`))
  const result = await cruise(
    folders.filter((folder) => existsSync(folder)),
    { ...rules.options, ruleSet: rules, validate: true },
  )
  const { summary, modules } = result.output as ICruiseResult
  const seen = new Set(modules.map((module) => module.source))
  const missed = files.filter((file) => !seen.has(file))
  const edges = modules.filter((module) => module.source.startsWith('src/')).flatMap((module) => module.dependencies)
  if (files.length === 0 || missed.length > 0 || edges.length === 0) {
    throw new Error(
      `dependency-cruiser examined ${files.length - missed.length} of ${files.length} files and ${edges.length} imports`,
    )
  }
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} imports ${to}`)
}

if (import.meta.main) {
  const wrong = await wrongArrows(resolve(process.argv[2] ?? '.'))
  for (const line of wrong) console.error(line)
  process.exitCode = wrong.length > 0 ? 1 : 0
}
