// The code of the last release, out of the history of git, started on a schema of today: while a deploy runs, and after a rollback, both
// are there at once.
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import type { Running } from './process.ts'

const execute = promisify(execFile)
const root = resolve(import.meta.dirname, '..')

type Release = { version: string; commit: string }
type Packages = { dependencies: Record<string, string> }
type Stage = {
  /** Starts a program of Node. */
  start: (args: string[]) => Running | Promise<Running>
  mailUrl: string
  /** Tells the payment provider where that API listens. */
  tellProvider: (url: string) => void
}

/** Rejects where the history does not have it: in a shallow clone, or without git. */
export async function findPrevious(): Promise<Release> {
  const release = JSON.parse(readFileSync(join(root, 'releases/last.json'), 'utf8')) as Release
  await execute('git', ['cat-file', '-e', `${release.commit}^{commit}`], { cwd: root })
  return release
}

/** Unpacks it into a new folder, with the packages of today. Throws for one that it needs and that is no longer there. */
export async function unpackPrevious(folder: string): Promise<Release> {
  const release = await findPrevious()
  const archive = `${folder}.tar`
  mkdirSync(folder)
  const parts = ['src', 'tools', 'config', 'migrations', 'package.json']
  await execute('git', ['archive', '--output', archive, release.commit, ...parts], { cwd: root })
  await execute('tar', ['-xf', archive, '-C', folder])
  const [was, is] = [folder, root].map((at) => JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as Packages)
  const gone = Object.keys(was?.dependencies ?? {}).filter((name) => !(name in (is?.dependencies ?? {})))
  if (gone.length > 0) throw new Error(`The last release needs packages that are gone: ${gone.join(', ')}`)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return release
}

/** Starts its API and a worker, and plays its own journey on them. Answers what that said, and whether the API called itself ready. */
export async function playPrevious(folder: string, { start, mailUrl, tellProvider }: Stage) {
  const server = await start([join(folder, 'src/server.ts')])
  const worker = await start([join(folder, 'src/worker.ts')])
  const [[, url = '']] = await Promise.all([
    server.until(/Server listening at (http:[^"]+)/),
    worker.until(/working on jobs/),
  ])
  tellProvider(url)
  const { status } = await fetch(`${url}/health/ready`)
  const demo = await start([join(folder, 'tools/demo.ts'), url, mailUrl])
  const { code } = await demo.ended
  const said = demo.said()
  for (const { child } of [server, worker]) child.kill('SIGTERM')
  await Promise.all([server.ended, worker.ended])
  const failures = [...server.lines(), ...worker.lines()].filter(({ level }) =>
    ['error', 'fatal'].includes(String(level)),
  )
  return { ready: status, code, said, failures: failures.map(({ msg, err }) => `${msg} ${JSON.stringify(err ?? '')}`) }
}

/** What makes the journey as long as it has to be, and no longer: money that falls due is looked for each second. */
export const soonReleased = {
  RELEASE_AFTER_SECONDS: '2',
  SCHEDULES: 'contract-release=* * * * * *',
  ...{ WORKER_HEALTH_PORT: '0', PORT: '0', METRICS_PORT: '0' },
}

/** Says where a test of it can't be made, as an annotation where GitHub runs it. */
export async function missingHistory(): Promise<string | undefined> {
  return findPrevious().then(
    () => undefined,
    () => {
      const why = 'The code of the last release is not in this clone (releases/last.json): git fetch --unshallow'
      console.warn(process.env.GITHUB_ACTIONS ? `::warning title=not verified::${why}` : `NOT VERIFIED  ${why}`)
      return why
    },
  )
}
