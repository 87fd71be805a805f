// What a cause is: something that is really broken, so that the alerts on it have to fire.
import { setTimeout as delay } from 'node:timers/promises'
import type { Service } from './service.ts'

export type Broken = Service & { useCertificate: (which: 'good' | 'ending') => void }
type Undo = () => Promise<unknown>
export type Cause = {
  /** What is done, in a few words, for the table. */
  by: string
  /** Causes of one wave run beside each other; the next wave begins when what is due has arrived, and is mended. */
  wave: number
  /** The wave at whose end the alerts must have arrived, where that is a later one. */
  due?: number
  alerts: string[]
  /** Fire when the cause is long over, because they look back far. */
  later?: string[]
  begin: (broken: Broken) => Promise<Undo>
}

/** Does it again and again until what it answers is called. That some of it fails is what a drill is for. */
export function keepOn(work: () => Promise<unknown>, pause = 100): Undo {
  const over = new AbortController()
  const done = (async () => {
    while (!over.signal.aborted) {
      await work().catch(() => {})
      await delay(pause, undefined, over).catch(() => {})
    }
  })()
  return async () => {
    over.abort()
    await done
  }
}

/** Asks as a person would, and minds no refusal. */
export async function ask(url: string, token?: string): Promise<number> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(15_000) })
  await answer.arrayBuffer()
  return answer.status
}

export async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  })
}
