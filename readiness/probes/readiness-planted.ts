// The runner, run on planted controls: in a copy of the tree with a git history of its own, so that commits can be made there.
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Context } from '../context/context.ts'
import type { Report } from '../report/report.schemas.ts'

const execute = promisify(execFile)

/** `home` is a folder of readiness/planted. */
export async function openPlanted(context: Context, home: 'sound' | 'faulty') {
  const root = context.variant([])
  const report = join(root, 'readiness-report')
  const git = (...words: string[]) =>
    execute('git', ['-c', 'user.name=probe', '-c', 'user.email=probe@example.com', ...words], { cwd: root })
  await git('init', '--quiet')
  // The link to node_modules is no folder, so .gitignore does not know it.
  writeFileSync(join(root, '.git/info/exclude'), 'node_modules\n')
  await git('add', '--all')
  await commit()

  return {
    root,
    report,
    commit,
    /** A file of the planted home. */
    write: (name: string, content: unknown) =>
      writeFileSync(join(root, 'readiness/planted', home, name), JSON.stringify(content)),
    read: () => JSON.parse(readFileSync(join(report, 'report.json'), 'utf8')) as Report,
    readText: (name: string) => readFileSync(join(report, name), 'utf8'),
    run,
  }

  /** Makes a commit, also where nothing changed. Answers its id. */
  async function commit(): Promise<string> {
    await git('commit', '--quiet', '--allow-empty', '--all', '--no-verify', '--message', 'Plant')
    return (await git('rev-parse', 'HEAD')).stdout.trim()
  }

  /** Runs the runner to its end. */
  async function run(...words: string[]) {
    const main = ['--disable-warning=ExperimentalWarning', join(root, 'readiness/main.ts')]
    // There is no Docker at that address, whatever the machine has.
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' }
    return context.finish([...main, '--home', join(root, 'readiness/planted', home), ...words], env, 60_000)
  }
}

export type Planted = Awaited<ReturnType<typeof openPlanted>>

/** The status of each control in a report, by id. */
export const statusesOf = ({ controls }: Report) => Object.fromEntries(controls.map(({ id, status }) => [id, status]))
