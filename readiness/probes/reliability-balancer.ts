// A small balancer that a probe plays itself: what asks each server whether it is ready, and sends requests to those that are.
import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../context/context.ts'
import type { Call } from '../context/http.ts'
import { red } from '../control.ts'
import { outcome } from './reliability-scene.ts'

/** Milliseconds between two looks at a server, which has to say that it is not ready for longer than that. */
const every = 100

/** Requests go round robin over connections that are kept open, and are never sent twice. */
export function openBalancer({ apiAt }: Pick<Context, 'apiAt'>, urls: string[]) {
  const ready = new Set<string>()
  const watched = new Map<string, Promise<void>>()
  let turn = 0
  for (const url of urls) add(url)

  return { withToken, isReady: (url: string) => ready.has(url), add, remove, close }

  function withToken(token: string): Call {
    return (method, path, options) => apiAt(next()).withToken(token)(method, path, options)
  }

  function next(): string {
    return [...ready][turn++ % ready.size] ?? red('nobody-ready')
  }

  function add(url: string): void {
    watched.set(url, Promise.resolve())
    watched.set(url, watch(url))
  }

  async function watch(url: string): Promise<void> {
    while (watched.has(url)) {
      const seen = await outcome(apiAt(url).anonymous('GET', '/health/ready', { within: 1000 }))
      if (!(seen instanceof Error) && seen.status === 200) ready.add(url)
      else ready.delete(url)
      await delay(every)
    }
    ready.delete(url)
  }

  async function remove(url: string): Promise<void> {
    const watching = watched.get(url)
    watched.delete(url)
    await watching
  }

  async function close(): Promise<void> {
    await Promise.all([...watched.keys()].map(remove))
  }
}
