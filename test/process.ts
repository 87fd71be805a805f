import { onTestFinished } from 'vitest'
import { startProcess } from '../tools/process.ts'

type Options = { env?: NodeJS.ProcessEnv; ipc?: boolean }

/** Starts a Node program of ours in a process of its own; it is killed at the end of the test at the latest. */
export async function start(args: string[], options: Options = {}) {
  const running = startProcess(args, options)
  onTestFinished(() => {
    running.child.kill('SIGKILL')
  })
  return running
}

/** Starts the API; answers once it listens. */
export async function startServer(env: NodeJS.ProcessEnv, { ipc = false, preload = [] as string[] } = {}) {
  const running = await start([...preload.flatMap((file) => ['--import', file]), 'src/server.ts'], { env, ipc })
  const [, url = ''] = await running.until(/Server listening at (http:[^"]+)/)
  return { ...running, url }
}
