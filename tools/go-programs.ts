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

/** The path of a program, such as github.com/VictoriaMetrics/VictoriaLogs/app/vlagent at v1.52.1. Rejects with what to install where it can't be had. */
export async function findGoProgram(path: string, version: string): Promise<string> {
  // A module's major version is no part of the program's name.
  const name = basename(path.replace(/\/v\d+$/, ''))
  const place = `${name}-${version}-${process.platform}-${process.arch}`
  const program = resolve(import.meta.dirname, '../.local/go', place, name)
  if (!existsSync(program)) await build(path, version, program)
  return program
}

/** Callers at the same time each build for themselves, and one rename wins. */
async function build(path: string, version: string, program: string): Promise<void> {
  const go = onPath('go')
  if (!go)
    throw new Error(`There is no ${basename(program)} here: install Go, with which it is built (https://go.dev/dl)`)
  const folder = dirname(program)
  process.stderr.write(`${path}@${version} is built into ${folder}, once: this takes a minute or two.\n`)
  mkdirSync(dirname(folder), { recursive: true })
  const draft = mkdtempSync(`${folder}.new-`)
  try {
    const env = { ...process.env, GOBIN: draft, CGO_ENABLED: '0', GOFLAGS: '' }
    await execute(go, ['install', `${path}@${version}`], { env, cwd: draft, timeout: patience })
    if (!existsSync(join(draft, basename(program)))) throw new Error('go install left nothing')
    if (!existsSync(folder)) renameSync(draft, folder)
  } catch (error) {
    if (existsSync(program)) return
    throw new Error(`${path}@${version} can't be built: ${(error as Error).message.trim()}`, { cause: error })
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}
