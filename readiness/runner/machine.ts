// What this machine is, and what it lacks.
import { execFile } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import process from 'node:process'
import { promisify } from 'node:util'
import type { Need } from '../context/stack.ts'

const execute = promisify(execFile)
export type Machine = { platform: string; cores: number; memoryGiB: number; lacks: Need[] }

/** What only some machines have. Everything else is started by the runner, which says so when it can't. */
const optional: Partial<Record<Need, () => Promise<unknown>>> = {
  docker: async () => {
    await execute('docker', ['info'], { timeout: 10_000 })
    await execute('docker', ['compose', 'version'], { timeout: 10_000 })
  },
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

/** The files that differ from a revision. Undefined when there is no such revision. */
export async function changedSince(root: string, revision: string): Promise<Set<string> | undefined> {
  const words = ['diff', '--name-only', revision, '--']
  const { stdout } = await execute('git', words, { cwd: root }).catch(() => ({ stdout: undefined }))
  return stdout === undefined ? undefined : new Set(stdout.split('\n').filter(Boolean))
}
