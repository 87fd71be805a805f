// The measured service: the real door in a process of its own. Its lines go to a file, as in a deployment nobody here reads each of them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from '../tools/stack.ts'

const root = resolve(import.meta.dirname, '..')
/** Milliseconds that a start may take. */
const patience = 30_000

type Options = { file: 'server' | 'worker'; settings: Record<string, string>; folder: string }
/** `readyAfter`: milliseconds from its start until it said that it is ready. */
export type Service = { url: string; pid: number; readyAfter: number; close: () => Promise<void> }

/** Answers once /health/ready is 200. Rejects with the last lines that it wrote when that takes too long. */
export async function openService({ file, settings, folder }: Options): Promise<Service> {
  const [port = 0] = await freePorts(1)
  const log = join(folder, `${file}-${port}.log`)
  const lines = openSync(log, 'w')
  const { PATH, HOME } = process.env
  const begun = performance.now()
  const child = spawn(process.execPath, [join(root, `src/${file}.ts`)], {
    cwd: root,
    env: { PATH, HOME, ...settings, [file === 'server' ? 'PORT' : 'WORKER_HEALTH_PORT']: String(port) },
    stdio: ['ignore', lines, lines],
  })
  closeSync(lines)
  const ended = once(child, 'close')
  const url = `http://127.0.0.1:${port}`
  const close = async () => {
    child.kill('SIGTERM')
    await ended
  }
  while (!(await isReady(url))) {
    if (child.exitCode === null && performance.now() - begun < patience) await delay(5)
    else {
      await close()
      throw new Error(`The ${file} is not ready within ${patience} ms:\n${readFileSync(log, 'utf8').slice(-2000)}`)
    }
  }
  return { url, pid: Number(child.pid), readyAfter: performance.now() - begun, close }
}

const isReady = (url: string) =>
  fetch(`${url}/health/ready`).then(
    async (answer) => {
      await answer.body?.cancel()
      return answer.ok
    },
    () => false,
  )
