// `npm run bench [-- --only CASE,… --rounds N --json FILE --write --growth]`: what the service does with everything on, as a share of what
// a bare program does that has the same work and nothing else (bench/README.md). Sides are measured in turn in one run, so that only the
// ratios count; an answer that is wrong voids its case. Exit 1 when an aim is not met, 2 for a wrong option. Ten minutes at most
// without --growth.
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import process from 'node:process'
import { type Bench, type Case, type Figure, isMet } from './case.ts'
import { cachedDetail, cachedList, notModified } from './cases/cached.ts'
import { cores } from './cases/cores.ts'
import { effect, events } from './cases/events.ts'
import { page } from './cases/page.ts'
import { signIn } from './cases/sign-in.ts'
import { signedIn } from './cases/signed-in.ts'
import { start } from './cases/start.ts'
import { write } from './cases/write.ts'
import { chartOf } from './chart.ts'
import { growthTables } from './growth.ts'
import { openLoad } from './load.ts'
import { readOptions, UsageError, usage } from './options.ts'
import { documentOf, jsonOf, type Machine, markdownTable, textOf } from './report.ts'
import { withWorld } from './world.ts'

const cases: readonly Case[] = [
  ...[cachedList, notModified, cachedDetail, page, signedIn, write, signIn],
  ...[effect, events, start, cores],
]
const names = cases.map(({ name }) => name)
/** In the database, unless it is asked how that matters. */
const usualJobs = 10_000
const docs = (file: string) => resolve(import.meta.dirname, '../docs', file)

async function play(chosen: readonly Case[], bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const one of chosen) {
    const begun = performance.now()
    bench.say(`${one.name} …`)
    figures.push(...(await figuresOf(one, bench)))
    bench.say(`${one.name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  }
  return figures
}

/** A case that fails is void: its figures say so, and have met nothing. */
async function figuresOf({ wanted, run }: Case, bench: Bench): Promise<Figure[]> {
  const found = await run(bench).catch((error: Error) => {
    bench.say(`void: ${error.message}`)
    return Object.fromEntries(wanted.map(({ name }) => [name, { why: 'void, see what the run said' }]))
  })
  return wanted.map((one) => ({ ...one, ...(found[one.name] ?? { why: 'the case did not say' }) }))
}

const machineOf = (): Machine => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model.replace(/\s+/g, ' ').trim() ?? 'unknown',
  node: process.version,
  commit: execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim(),
  date: new Date().toISOString().slice(0, 10),
})

async function main(): Promise<void> {
  const { only, rounds, json, growth, write: isWritten } = readOptions(process.argv.slice(2), names)
  const chosen = cases.filter(({ name }) => only.length === 0 || only.includes(name))
  const say = (line: string) => console.log(line)
  const load = openLoad()
  try {
    const figures = await withWorld(usualJobs, (world) => play(chosen, { world, load, rounds, say }))
    console.log(textOf(figures))
    const grown = growth ? (await growthTables(load, say)).map(markdownTable).join('\n\n') : ''
    if (grown) console.log(grown)
    if (json) await writeFile(json, `${JSON.stringify(jsonOf(figures), null, 2)}\n`)
    if (isWritten) {
      const before = await readFile(docs('performance.md'), 'utf8')
      await writeFile(docs('performance.md'), documentOf(before, figures, grown, machineOf()))
      await writeFile(docs('performance.svg'), chartOf(figures))
    }
    const missed = figures.filter((figure) => isMet(figure) === false)
    for (const { title } of missed) console.error(`FAIL  ${title}`)
    process.exitCode = missed.length > 0 ? 1 : 0
  } finally {
    await load.close()
  }
}

try {
  await main()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n${usage(names)}`)
  process.exitCode = 2
}
