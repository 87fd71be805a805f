// A way to PostgreSQL that is cut at the message that a test names: before the server has it, or when its answer is on the way back.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Side = 'before' | 'after'

export function createCutter() {
  let at = Number.POSITIVE_INFINITY
  let side: Side = 'before'
  let sent = 0
  const open = new Set<Socket>()

  return { way, arm, disarm }

  /** The URL of a way to that server. Ends with the process. */
  async function way(url: string): Promise<string> {
    const { port, hostname } = new URL(url)
    const server = createServer((client) => join(client, connect(Number(port || 5432), hostname)))
    server.unref()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const near = new URL(url)
    near.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    return near.href
  }

  /** Cuts at the message of that number, counted from now over all connections. */
  function arm(number: number, where: Side): void {
    at = number
    side = where
    sent = 0
  }

  /** Answers whether it came to that message. */
  function disarm(): boolean {
    const cut = sent >= at
    at = Number.POSITIVE_INFINITY
    return cut
  }

  function join(client: Socket, server: Socket): void {
    const cut = () => {
      for (const socket of [client, server]) socket.destroy()
    }
    for (const socket of [client, server]) {
      open.add(socket)
      socket.on('error', cut).on('close', () => {
        open.delete(socket)
        cut()
      })
      socket.setNoDelay(true).unref()
    }
    client.on('data', (message) => {
      sent++
      if (sent === at && side === 'before') return cut()
      // What comes back now is the answer, and nobody gets it.
      if (sent === at) server.removeAllListeners('data').once('data', cut)
      server.write(message)
    })
    server.on('data', (answer) => client.write(answer))
  }
}
