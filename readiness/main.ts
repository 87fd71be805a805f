// `npm run readiness`: proves the controls on the running stack, and writes the report. docs/readiness.md has its options.
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { openRun } from './context/run.ts'
import type { Need } from './context/stack.ts'
import type { Control } from './control.ts'
import { decide } from './report/decision.ts'
import { type Kept, readReport, writeReport } from './report/files.ts'
import { type Facts, makeReport } from './report/report.ts'
import { announcement, listControls, progress, summary } from './runner/console.ts'
import { BrokenHome, type Home, openHome } from './runner/home.ts'
import { changeSince, describeMachine, describeTree, type Machine } from './runner/machine.ts'
import { type Options, readOptions, UsageError } from './runner/options.ts'
import { examineAll, type Finding } from './runner/schedule.ts'
import { checkSignOffs, signReport, unsignable } from './runner/sign-off.ts'
import { lookAt, Unreachable } from './runner/target.ts'
import { touchedBy } from './runner/touched.ts'
import { exitCode, unsoundOf } from './runner/verdict.ts'

const root = resolve(import.meta.dirname, '..')
const exits = { broken: 2, unreachable: 3, interrupted: 130 }

try {
  const options = readOptions(process.argv.slice(2), root)
  const home = await openHome(options.home, today())
  if (options.list) console.log(listControls(home, options))
  else if (options.signOff) await sign(home, options, options.signOff)
  else process.exitCode = await examine(home, options)
} catch (error) {
  const known = error instanceof UsageError || error instanceof BrokenHome || error instanceof Unreachable
  console.error(known ? error.message : error)
  process.exitCode = error instanceof Unreachable ? exits.unreachable : exits.broken
}

// A probe that left something open is no reason to wait for it.
// What waits in a pipe would be lost.
await new Promise((resolve) => process.stdout.write('', resolve))
process.exit()

async function examine(home: Home, options: Options): Promise<number> {
  const start = new Date()
  const tree = await describeTree(root)
  const machine = await describeMachine(new Set(home.catalogue.flatMap(({ needs }) => needs)))
  const selection = home.catalogue.filter((control) => options.selects(control))
  if (selection.length === 0) throw new UsageError('No control is selected: see npm run readiness -- --list')
  const findings = options.target
    ? await lookAt(options.target, options.token, selection)
    : await examineHere(home, selection, machine, options)
  const previous = trusted(readReport(options.report))
  const end = new Date()
  const run: Facts['run'] = {
    ...tree,
    versions: { seaworthy: await versionOf(root), node: process.versions.node },
    start: start.toISOString(),
    end: end.toISOString(),
    seconds: Math.round((end.getTime() - start.getTime()) / 1000),
    target: options.target ?? 'local',
    arguments: process.argv.slice(2).map((word) => (word === options.token ? '(token)' : word)),
  }
  const report = makeReport({ home, findings, previous: previous?.report }, { run, machine, today: today() })
  const digest = writeReport(options.report, report, home.signOffs())
  const unsound = unsoundOf(report, findings, selection, options)
  console.log(options.json ? JSON.stringify(report, null, 2) : summary(report, findings, unsound, digest, options))
  return exitCode(unsound, findings)
}

/** On stacks of this machine. Ctrl-C ends what is under way, removes everything, and writes no report. */
async function examineHere(home: Home, selection: Control[], machine: Machine, options: Options): Promise<Finding[]> {
  const able = selection.filter(({ needs }) => !needs.some((need: Need) => machine.lacks.includes(need)))
  const run = await openRun(root)
  const interrupted = new AbortController()
  const interrupt = async () => {
    // npm passes on the signal that the terminal has sent already: the second one may not cut the tidying off.
    if (interrupted.signal.aborted) return
    interrupted.abort()
    // What is cut off in the middle fails in its own way, and nobody waits for it.
    for (const event of ['unhandledRejection', 'uncaughtException'] as const) process.on(event, () => {})
    await run.close().catch((error) => console.error(error))
    process.exit(exits.interrupted)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  const change = options.since ? await changeSince(root, options.since) : undefined
  const sabotaged = options.sabotages(able, change && touchedBy(change, able, home.files(root)))
  console.error(announcement(able, sabotaged))
  try {
    return await examineAll({
      run,
      selection: able,
      sabotaged,
      signal: interrupted.signal,
      onFinding: (finding, done) => console.error(progress(finding, done, able.length)),
    })
  } finally {
    // Whoever interrupted it removes everything and ends the process: what was cut off has no result.
    if (interrupted.signal.aborted) await new Promise(() => {})
    await run.close()
  }
}

function trusted(kept: Kept | string | undefined): Kept | undefined {
  if (typeof kept !== 'string') return kept
  console.error(`${kept}: it counts for nothing`)
  return undefined
}

async function sign(home: Home, { report: folder }: Options, { name, role }: NonNullable<Options['signOff']>) {
  const kept = readReport(folder)
  if (kept === undefined) throw new UsageError(`There is no report in ${folder}: run npm run readiness -- --sabotage`)
  if (typeof kept === 'string') throw new UsageError(`${kept}: run again, then sign`)
  const why = unsignable(kept.report, (await describeTree(root)).commit)
  if (why) throw new UsageError(why)
  const date = new Date().toISOString()
  console.log(signReport(home.folder, kept.report, kept.digest, { name, role, date }))
  // The page shows who signed.
  writeReport(folder, kept.report, home.signOffs())
  const { go, reasons } = decide(kept.report, checkSignOffs(kept.report, kept.digest, home.signOffs()))
  console.log(
    go ? 'GO' : ['NO GO', ...reasons.map(({ text, controls }) => `  ${text} ${controls.join(' ')}`)].join('\n'),
  )
}

async function versionOf(folder: string): Promise<string> {
  return String(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).version)
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}
