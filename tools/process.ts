// A program of ours in a process of its own, with what it says: for tests, load tools and probes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'

export type Line = Record<string, unknown>
type Ended = { code: number | null; signal: string | null }
export type Running = ReturnType<typeof startProcess>
/** `program`: another one than Node. */
type Options = { env?: NodeJS.ProcessEnv; cwd?: string; ipc?: boolean; program?: string }

/** The last lines that are kept of what a process says. */
const kept = 20_000

/** Starts Node, or another program, with these arguments and this environment, to which PATH and HOME are added. */
export function startProcess(args: string[], { env = {}, cwd, ipc = false, program = process.execPath }: Options = {}) {
  const { PATH, HOME } = process.env
  const child: ChildProcess = spawn(program, args, {
    ...(cwd && { cwd }),
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  })
  const said: string[] = []
  const watchers = new Set<() => void>()
  const ended: Promise<Ended> = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface(stream).on('line', (line) => {
      said.push(line)
      if (said.length > kept) said.shift()
      for (const look of watchers) look()
    })
  }
  return { child, ended, said: () => said.join('\n'), lines, until }

  /** The log lines so far; what is not JSON is left out. */
  function lines(): Line[] {
    return said.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line)
  }

  /** The first match of what it says, now or later. Rejects with all that it said when it ends without. */
  async function until(pattern: RegExp): Promise<RegExpExecArray> {
    const found = () => pattern.exec(said.join('\n'))
    let look = () => {}
    const match = new Promise<RegExpExecArray>((resolve) => {
      look = () => {
        const result = found()
        if (result) resolve(result)
      }
      watchers.add(look)
      look()
    })
    const missed = ended.then(
      () => found() ?? Promise.reject(new Error(`It never said ${pattern}, but:\n${said.join('\n')}`)),
    )
    return Promise.race([match, missed]).finally(() => watchers.delete(look))
  }
}
