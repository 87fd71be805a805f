// k6, wherever it comes from: on PATH, built before, as a container, or built now by Go.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import type { Scenario, Wanted } from '../../k6/scenarios.ts'
import { onPath, runProgram, succeeds } from '../debian-packages.ts'
import { findGoProgram, placeOf } from '../go-programs.ts'
import { startProcess } from '../process.ts'

const [module, version] = ['go.k6.io/k6/v2', 'v2.2.0']
const image = `grafana/k6:${version.slice(1)}`

/** What stands before its own words; the names of variables are those that it has to see. */
type Program = { command: (folder: string, names: readonly string[]) => string[] }
export type Cast = { password: string; people: { email: string; role: 'client' | 'worker' }[]; jobs: string[] }
type Run = Wanted & {
  scenario: Scenario
  url: string
  cast: Cast
  /** Another tree of the project, whose script is run. */
  tree?: string
  /** A file with the authority of the service's certificate. */
  ca?: string | undefined
}
/** As k6 hands it to handleSummary. */
export type Summary = {
  state: { testRunDurationMs: number }
  metrics: Record<string, { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }>
}
/** `code` is k6's own: 0, or 99 where a threshold was missed. */
export type Played = { code: number | null; summary: Summary; said: string }

/** Rejects with what to install where there is none. A k6 on PATH has to be of version 2, which runs TypeScript as it is. */
export async function findK6(): Promise<Program> {
  const installed = onPath('k6')
  if (installed) return { command: () => [installed] }
  if (existsSync(placeOf(module, version)) || !(await hasDocker())) return built()
  return { command: inContainer }
}

/** Whether it is here, or could be had: by Docker, or by a build that takes some minutes. */
export const canHaveK6 = async () =>
  [onPath('k6'), onPath('go')].some(Boolean) || existsSync(placeOf(module, version)) || (await hasDocker())

const hasDocker = () => succeeds(runProgram(['docker', 'info'], 10_000))

async function built(): Promise<Program> {
  const program = await findGoProgram(module, version, { isModule: true }).catch((error: Error) => {
    throw new Error(
      `There is no k6 here (https://grafana.com/docs/k6/latest/set-up/install-k6/), nor Docker: ${error.message}`,
    )
  })
  return { command: () => [program] }
}

/** In the network of this machine, as this user, with the project and the folder of the run where they are. */
function inContainer(folder: string, names: readonly string[]): string[] {
  const root = resolve(import.meta.dirname, '../..')
  const account = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
  const places = ['-v', `${root}:${root}:ro`, '-v', `${folder}:${folder}`]
  const seen = names.flatMap((name) => ['-e', name])
  return ['docker', 'run', '--rm', '--init', '--network', 'host', '--user', account, ...places, ...seen, image]
}

/** Runs a scenario to its end. Rejects where k6 told of no run at all. */
export async function playScenario(k6: Program, run: Run): Promise<Played> {
  const { scenario, url, cast, users, minutes, ca, tree = resolve(import.meta.dirname, '../..') } = run
  const folder = mkdtempSync(join(tmpdir(), 'seaworthy-load-'))
  try {
    const [people, summary] = [join(folder, 'cast.json'), join(folder, 'summary.json')]
    writeFileSync(people, JSON.stringify(cast))
    const env = {
      ...{ SCENARIO: scenario, URL: url, CAST: people, SUMMARY: summary },
      ...(users !== undefined && { USERS: String(users) }),
      ...(minutes !== undefined && { MINUTES: String(minutes) }),
      ...(ca && { SSL_CERT_FILE: ca }),
    }
    const [program, ...before] = k6.command(folder, Object.keys(env))
    const words = ['run', '--quiet', '--no-color', '--no-usage-report', join(tree, 'k6/main.ts')]
    const running = startProcess([...before, ...words], { ...(program && { program }), env })
    const { code } = await running.ended
    if (!existsSync(summary)) throw new Error(`k6 ended with ${code} and told of no run:\n${running.said()}`)
    return { code, summary: JSON.parse(readFileSync(summary, 'utf8')), said: running.said() }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
