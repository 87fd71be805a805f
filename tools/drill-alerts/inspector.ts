// Runs a line of JavaScript within a process of ours that was started with --inspect: the only way to give it a leak, or no rest.
import { once } from 'node:events'

/** Rejects when it does not answer, or the line throws. */
export async function runInside(port: number, expression: string): Promise<void> {
  await command(port, 'Runtime.evaluate', { expression, includeCommandLineAPI: true })
}

/** Memory that nobody holds any more is given back when it is needed, and not before, unless it is asked for. */
export async function collectGarbage(port: number): Promise<void> {
  await command(port, 'HeapProfiler.collectGarbage', {})
}

async function command(port: number, method: string, params: Record<string, unknown>): Promise<void> {
  const list = await fetch(`http://127.0.0.1:${port}/json/list`)
  const [{ webSocketDebuggerUrl: url } = { webSocketDebuggerUrl: '' }] = (await list.json()) as {
    webSocketDebuggerUrl: string
  }[]
  const socket = new WebSocket(url)
  try {
    await once(socket, 'open')
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(20_000) })
    socket.send(JSON.stringify({ id: 1, method, params }))
    const [{ data }] = await answer
    const { error, result } = JSON.parse(data) as { error?: unknown; result?: { exceptionDetails?: unknown } }
    if (error ?? result?.exceptionDetails) throw new Error(`${method}: ${data}`)
  } finally {
    socket.close()
  }
}
