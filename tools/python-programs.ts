// Programs of Python packages at exact versions: installed once, without root, into .local/, from where they run.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { onPath } from './debian-packages.ts'

const execute = promisify(execFile)
/** Milliseconds that an installation may take on a small machine, with everything to be fetched. */
const patience = 300_000

/** `program`: its name, where the package has another one. */
type Wanted = { name: string; version: string; program?: string; say?: (line: string) => void }

/** The path of a program. Rejects with what to install where it can't be had. */
export async function pythonProgram({ name, version, program = name, say = tell }: Wanted): Promise<string> {
  const python = onPath('python3')
  if (!python) throw new Error(`There is no ${program} here: install python3 and python3-venv, then it is fetched`)
  // Another Python can't run what this one has installed.
  const { stdout } = await execute(python, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])
  const place = `${name}-${version}-python${stdout.trim()}-${process.platform}-${process.arch}`
  const folder = resolve(import.meta.dirname, '../.local/python', place)
  const path = join(folder, 'bin', program)
  if (!existsSync(path)) await install(python, `${name}==${version}`, folder, path, say)
  return path
}

/**
 * Scripts of a virtual environment hold its path, so it can't be renamed: each caller makes one of its own, and a link names the first.
 * Wheels only, for an sdist runs code of its own while it is installed.
 */
async function install(python: string, what: string, folder: string, path: string, say: (line: string) => void) {
  say(`${what} is installed into ${folder}, once.`)
  mkdirSync(dirname(folder), { recursive: true })
  const made = mkdtempSync(`${folder}.`)
  const run = (...args: string[]) => execute(python, args, { cwd: made, timeout: patience })
  try {
    // Debian has pip and the module that puts it into a new environment in packages of their own: one of them will do.
    const pip = await run('-m', 'pip', '--version').then(
      () => [python, '-m', 'pip', '--python', join(made, 'bin/python')],
      () => [join(made, 'bin/python'), '-m', 'pip'],
    )
    await run('-m', 'venv', ...(pip.includes('--python') ? ['--without-pip'] : []), made)
    const [file = '', ...args] = pip
    const options = ['--quiet', '--disable-pip-version-check', '--no-input', '--only-binary', ':all:']
    await execute(file, [...args, 'install', ...options, what], { cwd: made, timeout: patience })
    if (!existsSync(join(made, 'bin', basename(path)))) throw new Error(`it has no ${basename(path)}`)
    adopt(made, folder, path)
  } catch (error) {
    rmSync(made, { recursive: true, force: true })
    const lines = String((error as { stderr?: string }).stderr || (error as Error).message)
      .trim()
      .split('\n')
    throw new Error(`${what} can't be installed: ${lines.at(-1)}`, { cause: error })
  }
}

/** The first environment is used by all; a link that leads nowhere any more is replaced. */
function adopt(made: string, folder: string, path: string): void {
  if (!existsSync(path)) rmSync(folder, { recursive: true, force: true })
  try {
    symlinkSync(made, folder)
  } catch (error) {
    // Another caller was quicker.
    if (!existsSync(path)) throw error
    rmSync(made, { recursive: true, force: true })
  }
}

const tell = (line: string) => process.stderr.write(`${line}\n`)
