// Any program as a child of the drill, with the last that it said; it is ended with the drill.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

export type Child = ReturnType<typeof startChild>
type Options = { env?: NodeJS.ProcessEnv; cwd?: string }

const keptCharacters = 8000
/** Milliseconds that a program may take to start, and to end. */
const [patience, farewell] = [60_000, 15_000]

export function startChild(command: string, args: string[], { env = {}, cwd }: Options = {}) {
  const child = spawn(command, args, {
    ...(cwd && { cwd }),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a session of its own, so that Ctrl-C reaches the drill alone, which ends the rest in its order.
    detached: true,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said = `${said}${text}`.slice(-keptCharacters)
    })
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  const ended = once(child, 'close').catch((error: Error) => {
    said += error.message
  })

  return {
    /** 0 where it could not be started. */
    pid: child.pid ?? 0,
    said: () => said,
    isOver,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    untilAnswers,
    async stop() {
      if (!isOver() && child.pid) for (const signal of ['SIGTERM', 'SIGCONT'] as const) child.kill(signal)
      const late = setTimeout(() => child.kill('SIGKILL'), farewell)
      await ended
      clearTimeout(late)
    },
  }

  /** Rejects, with what it said, when it ends before or takes too long. */
  async function untilAnswers(url: string): Promise<void> {
    for (const end = Date.now() + patience; Date.now() < end && !isOver() && child.pid; await delay(50)) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined)
      await answer?.arrayBuffer()
      if (answer?.ok) return
    }
    throw new Error(`${command} does not answer at ${url}: ${said}`)
  }
}
