// The way to a server, which can be cut, held or slowed: what a network, a firewall or a crashed host does to the service.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { statementCounter } from './statements.ts'

export type Link = Awaited<ReturnType<typeof openLink>>

/** A port that leads to another one of this machine. */
export async function openLink(to: number) {
  const sockets = new Set<Socket>()
  const forgotten = new WeakSet<Socket>()
  const lastPassed = new WeakMap<Socket, number>()
  let held = false
  let lag = 0
  let asked = 0
  let server = await listen(0)
  const { port } = server.address() as AddressInfo

  return { port, cut, hold, forget, delay, statements: () => asked, mend, close: cut }

  async function listen(at: number) {
    const listener = createServer(forward).listen(at, '127.0.0.1')
    await once(listener, 'listening')
    return listener
  }

  function forward(near: Socket): void {
    const far = connect(to, '127.0.0.1')
    const count = statementCounter(() => {
      asked += 1
    })
    near.on('data', (bytes: Buffer) => {
      try {
        count(bytes)
      } catch (error) {
        near.destroy(error as Error)
      }
    })
    const passed = () => {
      for (const socket of [near, far]) lastPassed.set(socket, performance.now())
    }
    passed()
    for (const socket of [near, far]) socket.on('data', passed)
    pipe(near, far, (pass) => pass())
    pipe(far, near, inTime())
  }

  function pipe(from: Socket, other: Socket, send: (pass: () => void) => void): void {
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (bytes) => send(() => other.write(bytes) || from.pause()))
    other.on('drain', () => resume(from))
    from.once('end', () => send(() => other.end()))
    from.once('error', () => other.destroy())
    from.once('close', () => {
      send(() => other.destroy())
      sockets.delete(from)
    })
    if (held) from.pause()
  }

  /** Lets things pass as much later as is told, in their order. */
  function inTime() {
    const due: (() => void)[] = []
    return (pass: () => void) => {
      due.push(pass)
      if (lag > 0 || due.length > 1) setTimeout(() => due.shift()?.(), lag)
      else due.shift()?.()
    }
  }

  function resume(socket: Socket): void {
    if (!held && !forgotten.has(socket)) socket.resume()
  }

  /** Breaks every connection and refuses new ones. */
  async function cut(): Promise<void> {
    const closed = server.listening ? once(server.close(), 'close') : undefined
    for (const socket of sockets) socket.destroy()
    await closed
  }

  /** Takes connections and bytes, and passes nothing on. */
  function hold(): void {
    held = true
    for (const socket of sockets) socket.pause()
  }

  /**
   * Passes nothing on any more, ever, for connections over which nothing passed for that many milliseconds, as a firewall does that
   * has forgotten them; the others, and new ones, are as before. Answers how many it newly forgot.
   */
  function forget(quiet = 0): number {
    const until = performance.now() - quiet
    const ends = [...sockets].filter((socket) => !forgotten.has(socket) && (lastPassed.get(socket) ?? 0) <= until)
    for (const socket of ends) forgotten.add(socket.pause())
    return Math.ceil(ends.length / 2)
  }

  /** Passes what the server says on that many milliseconds later. */
  function delay(milliseconds: number): void {
    lag = milliseconds
  }

  /** All is as before: what was held goes on, what was cut can be connected again. */
  async function mend(): Promise<void> {
    held = false
    lag = 0
    for (const socket of sockets) resume(socket)
    if (!server.listening) server = await listen(port)
  }
}
