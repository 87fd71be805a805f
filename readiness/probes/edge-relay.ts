// What stands between the edge and a replica: it counts connections, and can be a replica that dies at its work.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A port that leads to another one of this machine. */
export async function openRelay(to: number) {
  const sockets = new Set<Socket>()
  const heads: string[] = []
  let opened = 0
  let open = 0
  let dies = false
  const server = createServer(pass).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    at: `127.0.0.1:${port}`,
    /** Connections that the edge made, and those that it still has. */
    opened: () => opened,
    open: () => open,
    /** The first lines of what it was asked while it died. */
    heads: () => [...heads],
    /** Takes requests from now on, and ends the connection instead of an answer. */
    die: () => {
      dies = true
    },
    close,
  }

  function pass(near: Socket): void {
    opened += 1
    open += 1
    const far = connect(to, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.once('error', () => {})
      socket.once('close', () => sockets.delete(socket))
    }
    near.once('close', () => {
      open -= 1
      far.destroy()
    })
    far.once('close', () => near.destroy())
    near.on('data', (bytes) => {
      if (!dies) return far.write(bytes)
      const [line = ''] = bytes.toString('latin1').split('\r\n', 1)
      if (/^[A-Z]+ \//.test(line)) heads.push(line)
      near.destroy()
    })
    far.on('data', (bytes) => near.write(bytes))
  }

  async function close(): Promise<void> {
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  }
}
