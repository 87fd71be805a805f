// The way to a server, which can be cut or held: what a network, a firewall or a crashed host does to the service.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Link = Awaited<ReturnType<typeof openLink>>

/** A port that leads to another one of this machine. */
export async function openLink(to: number) {
  const sockets = new Set<Socket>()
  let held = false
  let server = await listen(0)
  const { port } = server.address() as AddressInfo

  return { port, cut, hold, mend, close: cut }

  async function listen(at: number) {
    const listener = createServer(forward).listen(at, '127.0.0.1')
    await once(listener, 'listening')
    return listener
  }

  function forward(near: Socket): void {
    const far = connect(to, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('data', (bytes) => {
        if (!other.write(bytes)) socket.pause()
      })
      other.on('drain', () => held || socket.resume())
      socket.once('end', () => other.end())
      socket.once('error', () => other.destroy())
      socket.once('close', () => {
        other.destroy()
        sockets.delete(socket)
      })
      if (held) socket.pause()
    }
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

  /** All is as before: what was held goes on, what was cut can be connected again. */
  async function mend(): Promise<void> {
    held = false
    for (const socket of sockets) socket.resume()
    if (!server.listening) server = await listen(port)
  }
}
