// Asks the generator for load, and throws where an answer was another one than it should be: such a round says nothing.
import { setTimeout as delay } from 'node:timers/promises'
import { openClient } from '../tools/rolling/client.ts'
import { type Child, openChild } from './child.ts'
import { cpuOf } from './cpu.ts'
import type { Side } from './side.ts'

export type Request = { method?: 'GET' | 'POST'; path: string; headers?: Record<string, string>; body?: string }
/** Without `seconds` each request is sent once. `rate`: requests a second of all connections, where that is not as many as go. */
export type Plan = {
  urls: readonly string[]
  requests: readonly Request[]
  connections: number
  seconds?: number
  rate?: number
}
/** `p99` in milliseconds; `failed` got no answer. */
export type Outcome = { statuses: Record<string, number>; seconds: number; failed: number; p99: number }
export type Load = ReturnType<typeof openLoad>

/** What is sent at once, and for how many seconds in a round. */
export const usual = { connections: 32, seconds: 2 }

export function openLoad() {
  const generator: Child<Plan, Outcome> = openChild('generator.ts')
  return { fire, crowd, close: generator.close }

  /** Throws unless every answer has that status. Answers how many there were. */
  async function fire(plan: Plan, status: number): Promise<Outcome & { count: number }> {
    // Some connections would begin their part again.
    if (plan.seconds === undefined && plan.requests.length % plan.connections !== 0)
      throw new Error(
        `${plan.requests.length} requests are not the same number for each of ${plan.connections} connections`,
      )
    const outcome = await generator.ask(plan)
    const { [status]: count = 0, ...others } = outcome.statuses
    if (outcome.failed > 0) throw new Error(`${outcome.failed} requests got no answer`)
    if (Object.keys(others).length > 0)
      throw new Error(`not all answers were ${status}: ${JSON.stringify(outcome.statuses)}`)
    if (count === 0) throw new Error('nothing was answered')
    return { ...outcome, count }
  }

  /** Where more ask than are let in: what is refused by 503 counts as what it is. Throws for any other answer than that and 200. */
  async function crowd(plan: Plan): Promise<Outcome> {
    const outcome = await generator.ask(plan)
    const { 200: _, 503: __, ...others } = outcome.statuses
    if (outcome.failed > 0 || Object.keys(others).length > 0)
      throw new Error(`${outcome.failed} got no answer, the others ${JSON.stringify(outcome.statuses)}`)
    return outcome
  }
}

type Served = {
  name: string
  load: Load
  /** Whose CPU is counted. */
  pids: readonly number[]
  status?: number
  warm?: number
  /** Asked before each round. */
  plan: () => Plan
}

/** A side that answers requests. */
export function servedSide({ name, load, pids, status = 200, plan, ...rest }: Served): Side {
  return { name, measure, ...rest }

  async function measure() {
    const wanted = plan()
    const before = usedBy(pids)
    const { count, seconds } = await load.fire(wanted, status)
    const used = usedBy(pids) - before
    return { count, rate: count / seconds, cpu: Number.isNaN(used) ? undefined : used / count }
  }
}

const usedBy = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + (cpuOf(pid) ?? Number.NaN), 0)

/** One answer of each, whose text has to be the same, byte for byte, after `edit`. Throws where it is not. */
export async function holdSame(urls: readonly string[], path: string, edit = (text: string) => text): Promise<void> {
  const [one, ...others] = await Promise.all(urls.map((url) => textOf(url, path)))
  for (const other of others)
    if (edit(other) !== edit(one ?? ''))
      throw new Error(`the answers differ:\n${one?.slice(0, 400)}\n${other.slice(0, 400)}`)
}

/** A service that has just started may have to refuse for a moment. Throws when it is not 200 within ten tries. */
export async function textOf(url: string, path: string): Promise<string> {
  const client = openClient({ url })
  let answer = await client.ask({ method: 'GET', path })
  for (let tries = 1; answer.status === 503 && tries < 10; tries++) {
    await delay(500)
    answer = await client.ask({ method: 'GET', path })
  }
  client.close()
  if (answer.status !== 200) throw new Error(`${path} is ${answer.status}: ${answer.text}`)
  return answer.text
}
