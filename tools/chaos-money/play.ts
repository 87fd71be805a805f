// Plays the steps of the workload, each again until it is answered for good.
import { setTimeout as delay } from 'node:timers/promises'
import type { Done } from './findings.ts'
import type { Scene } from './people.ts'
import { type Step, stepOf } from './workload.ts'

/** Milliseconds that a call is repeated for. */
const patience = 60_000
/** Milliseconds for which somebody thinks before a step, at most. */
const thought = 800

type Play = {
  url: string
  scene: Scene
  operations: number
  seed: number
  /** How many act at the same time. */
  lanes: number
  say: (line: string) => void
  /** Called after each step is sent. */
  step?: () => void
  /** Ends it before all steps are played. */
  isOver?: () => boolean
}
export type Played = Awaited<ReturnType<typeof playSteps>>

/** Answers what was answered how often, what was done, and what should not have been answered. */
export async function playSteps({ url, scene, operations, seed, lanes, say, step: sent, isOver }: Play) {
  const answers: Record<string, number> = {}
  const done: Done[] = []
  const faults: string[] = []
  let next = 0
  const lane = async () => {
    while (next < operations && !isOver?.()) {
      const number = next++
      const step = stepOf({ seed, operations, contracts: scene.contracts }, number)
      const token = tokenOf(scene, step)
      await delay(Math.random() * thought)
      const asked = [ask(url, step, token), ...(step.isTwin ? [ask(url, step, token)] : [])]
      sent?.()
      for (const { status, body } of await Promise.all(asked)) {
        const line = `${step.name} ${status}`
        answers[line] = (answers[line] ?? 0) + 1
        if (status < 300) done.push({ step, answered: body })
        else if (![402, 404, 409].includes(status))
          faults.push(`step ${number}: ${step.name} was answered ${status} ${body.code}`)
      }
      if (number % 500 === 499) say(`${number + 1} of ${operations} steps`)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return { answers, done, faults }
}

function tokenOf({ clients, workers, admin }: Scene, { as, contract, worker }: Step): string {
  const person = { client: clients[contract?.client ?? 0], worker: workers[worker], admin }[as]
  return person?.token ?? ''
}

type Answer = { status: number; body: { id: string; code?: string } }

/** Sends the same call again until it is answered for good: while the service is away or busy, and while another is at the same key. */
async function ask(url: string, { path, body, key }: Step, token: string): Promise<Answer> {
  const end = performance.now() + patience
  for (;;) {
    const answer = await send(`${url}${path}`, token, key, body)
    const isLast = answer.status !== 0 && answer.status !== 503 && answer.status !== 504 && answer.status !== 429
    if ((isLast && answer.body.code !== 'IDEMPOTENCY_KEY_IN_USE') || performance.now() > end) return answer
    await delay(100)
  }
}

async function send(url: string, token: string, key: string, body: object | undefined): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${token}`,
    'idempotency-key': key,
    ...(body && { 'content-type': 'application/json' }),
  }
  const signal = AbortSignal.timeout(30_000)
  try {
    const answer = await fetch(url, { method: 'POST', headers, signal, ...(body && { body: JSON.stringify(body) }) })
    return { status: answer.status, body: (await answer.json()) as Answer['body'] }
  } catch (error) {
    return { status: 0, body: { id: '', code: (error as Error).message } }
  }
}
