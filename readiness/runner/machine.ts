// What this machine is, and what it lacks.
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { hasPackages, onPath } from '../../tools/debian-packages.ts'
import { canHaveK6 } from '../../tools/load/program.ts'
import { findPrevious } from '../../tools/previous-release.ts'
import type { Need } from '../context/stack.ts'
import type { Read } from './pieces.ts'
import type { Change } from './touched.ts'

const execute = promisify(execFile)
export type Machine = { platform: string; cores: number; memoryGiB: number; lacks: Need[] }

/** What only some machines have. Everything else is started by the runner, which says so when it can't. */
const optional: Partial<Record<Need, () => Promise<unknown>>> = {
  docker: async () => {
    await execute('docker', ['info'], { timeout: 10_000 })
    await execute('docker', ['compose', 'version'], { timeout: 10_000 })
  },
  go: () => execute('go', ['version'], { timeout: 10_000 }),
  debian: async () => {
    if (!hasPackages() && !['slowhttptest', 'testssl.sh', 'wapiti', 'nginx'].every(onPath))
      throw new Error('no packages of Debian')
  },
  history: findPrevious,
  k6: async () => {
    if (!(await canHaveK6())) throw new Error('no k6, Docker or Go')
  },
  // With what programs are installed by: Debian has both in packages of their own.
  python: () =>
    execute(
      'python3',
      ['-c', 'import importlib.util as all; exit(not (all.find_spec("pip") or all.find_spec("ensurepip")))'],
      {
        timeout: 10_000,
      },
    ),
}

/** Asks for what the controls at hand need. */
export async function describeMachine(wanted: ReadonlySet<Need>): Promise<Machine> {
  const lacks: Need[] = []
  for (const need of wanted) {
    const found = await optional[need]?.().then(
      () => true,
      () => false,
    )
    if (found === false) lacks.push(need)
  }
  return {
    platform: `${process.platform} ${process.arch}`,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    lacks,
  }
}

/** The commit, and whether the files differ from it; sign-offs are made after the commit that they sign. */
export async function describeTree(root: string): Promise<{ commit: string; dirty: boolean }> {
  const git = (...words: string[]) => execute('git', words, { cwd: root }).then(({ stdout }) => stdout.trim())
  const commit = await git('rev-parse', 'HEAD').catch(() => 'unknown')
  const words = ['status', '--porcelain', '--untracked-files=all', '--', ':(exclude,glob)**/sign-offs/*.json']
  const changes = await git(...words).catch(() => 'unknown')
  return { commit, dirty: changes !== '' }
}

/** What differs from a revision, files that git does not know yet included. Undefined when there is no such revision. */
export async function changeSince(root: string, revision: string): Promise<Change | undefined> {
  const list = (...words: string[]) =>
    execute('git', words, { cwd: root }).then(({ stdout }) => stdout.split('\n').filter(Boolean))
  const differing = await list('diff', '--name-only', revision, '--').catch(() => undefined)
  if (!differing) return undefined
  const files = new Set([...differing, ...(await list('ls-files', '--others', '--exclude-standard'))])
  const now: Read = (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : undefined)
  return { files, now, before: (file) => (files.has(file) ? textAt(root, revision, file) : now(file)) }
}

function textAt(root: string, revision: string, file: string): string | undefined {
  const words = ['show', `${revision}:${file}`]
  const { status, stdout } = spawnSync('git', words, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return status === 0 ? stdout : undefined
}
