// Programs of the bench that run in processes of their own, and are asked over Node's channel: what is measured must not share its
// thread with what measures it.
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { startProcess } from '../tools/process.ts'

export type Child<In, Out> = { pid: number; ask: (question: In) => Promise<Out>; close: () => Promise<void> }
type Reply<Out> = { answer: Out } | { fault: string }

/** `file` is that of a program that calls `answerParent`, from bench/. One question at a time. */
export function openChild<In, Out>(file: string): Child<In, Out> {
  const { child, ended, said } = startProcess([join(import.meta.dirname, file)], { ipc: true })
  return {
    pid: Number(child.pid),
    async ask(question) {
      const gone = ended.then(() => Promise.reject(new Error(`${file} ended: ${said()}`)))
      const replied = once(child, 'message')
      child.send(question as object)
      const [reply] = (await Promise.race([replied, gone])) as [Reply<Out>]
      if ('fault' in reply) throw new Error(`${file}: ${reply.fault}`)
      return reply.answer
    },
    async close() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Answers each question of the parent, until it is gone. */
export function answerParent<In, Out>(work: (question: In) => Promise<Out>): void {
  process.on('message', async (question) => {
    const reply = await work(question as In).then(
      (answer): Reply<Out> => ({ answer }),
      (error: Error): Reply<Out> => ({ fault: error.message }),
    )
    process.send?.(reply)
  })
  process.on('disconnect', () => process.exit(0))
}
