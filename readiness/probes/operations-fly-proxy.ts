// Preloaded into an API by a probe: what comes from 127.16.0.0/16 says that it comes from 172.16.0.0/16, as Fly's proxy does. No machine
// that a probe runs on has that network.
import { Server, type Socket } from 'node:net'

const { emit } = Server.prototype
Server.prototype.emit = function (this: Server, name: string | symbol, ...given: unknown[]) {
  const [socket] = given as [Socket?]
  if (name === 'connection' && socket?.remoteAddress?.startsWith('127.16.'))
    Object.defineProperty(socket, 'remoteAddress', { value: socket.remoteAddress.replace('127.', '172.') })
  return emit.call(this, name, ...given)
}
