import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

type Line = Record<string, unknown>
type Options = { env?: NodeJS.ProcessEnv; ipc?: boolean }

/** Starts a Node program of ours in a process of its own; it is killed at the end of the test at the latest. */
export async function start(args: string[], { env = {}, ipc = false }: Options = {}) {
  const { PATH, HOME } = process.env
  const child: ChildProcess = spawn(process.execPath, args, {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  })
  const said: string[] = []
  const watchers = new Set<() => void>()
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }))
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface(stream).on('line', (line) => {
      said.push(line)
      for (const look of watchers) look()
    })
  }
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return { child, ended, said: () => said.join('\n'), lines, until }

  /** The log lines so far; what is not JSON is left out. */
  function lines(): Line[] {
    return said.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line)
  }

  /** The first match of what it says, now or later. Rejects with all that it said when it ends without. */
  async function until(pattern: RegExp): Promise<RegExpExecArray> {
    const found = () => pattern.exec(said.join('\n'))
    const match = new Promise<RegExpExecArray>((resolve) => {
      const look = () => {
        const result = found()
        if (result) resolve(result)
      }
      watchers.add(look)
      look()
    })
    const missed = ended.then(
      () => found() ?? Promise.reject(new Error(`It never said ${pattern}, but:\n${said.join('\n')}`)),
    )
    return Promise.race([match, missed])
  }
}

/** Starts the API; answers once it listens. */
export async function startServer(env: NodeJS.ProcessEnv, { ipc = false, preload = [] as string[] } = {}) {
  const running = await start([...preload.flatMap((file) => ['--import', file]), 'src/server.ts'], { env, ipc })
  const [, url = ''] = await running.until(/Server listening at (http:[^"]+)/)
  return { ...running, url }
}
