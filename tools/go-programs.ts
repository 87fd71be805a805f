// Programs of Go modules at exact versions: built once, without root, into .local/, from where they run.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { onPath } from './debian-packages.ts'

const execute = promisify(execFile)
/** Milliseconds that a build may take on a small machine, with everything to be fetched. */
const patience = 600_000

/**
 * The path of a program, such as github.com/VictoriaMetrics/VictoriaLogs/app/vlagent at v1.52.1. Rejects with what to install where it
 * can't be had. `isModule` says that the path is that of the module itself.
 */
export async function findGoProgram(path: string, version: string, { isModule = false } = {}): Promise<string> {
  const program = placeOf(path, version)
  if (!existsSync(program)) await build(path, version, program, isModule)
  return program
}

/** Where it is, or would be built to. */
export function placeOf(path: string, version: string): string {
  // A module's major version is no part of the program's name.
  const name = basename(path.replace(/\/v\d+$/, ''))
  return resolve(import.meta.dirname, '../.local/go', `${name}-${version}-${process.platform}-${process.arch}`, name)
}

/** Callers at the same time each build for themselves, and one rename wins. */
async function build(path: string, version: string, program: string, isModule: boolean): Promise<void> {
  const go = onPath('go')
  if (!go)
    throw new Error(`There is no ${basename(program)} here: install Go, with which it is built (https://go.dev/dl)`)
  const folder = dirname(program)
  process.stderr.write(`${path}@${version} is built into ${folder}, once: this takes a minute or two.\n`)
  mkdirSync(dirname(folder), { recursive: true })
  const draft = mkdtempSync(`${folder}.new-`)
  try {
    const env = { ...process.env, GOBIN: draft, CGO_ENABLED: '0', GOFLAGS: '' }
    const run = (...words: string[]) => execute(go, words, { env, cwd: draft, timeout: patience })
    if (isModule) await buildInModule(run, path, version, join(draft, basename(program)))
    else await run('install', `${path}@${version}`)
    if (!existsSync(join(draft, basename(program)))) throw new Error('go left nothing')
    if (!existsSync(folder)) renameSync(draft, folder)
  } catch (error) {
    if (existsSync(program)) return
    throw new Error(`${path}@${version} can't be built: ${(error as Error).message.trim()}`, { cause: error })
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/**
 * Within a module that requires it. `go install` asks for the newest version too, to see whether the module is deprecated, and a mirror
 * that has no list of versions leads it to the address of the module, which a machine without the open internet does not reach.
 */
async function buildInModule(
  run: (...words: string[]) => Promise<unknown>,
  path: string,
  version: string,
  to: string,
): Promise<void> {
  await run('mod', 'init', 'draft')
  await run('mod', 'edit', `-require=${path}@${version}`)
  await run('build', '-mod=mod', '-trimpath', '-ldflags=-s -w', '-o', to, path)
}
