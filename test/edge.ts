import { connect as connectInClear, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { onTestFinished } from 'vitest'
import { openCaller } from '../readiness/context/http.ts'
import type { Nginx } from '../tools/nginx.ts'

/** Somebody who calls the edge, from an address of 127.0.0.0/8. */
export function callerOf({ url, ca }: Nginx, from?: string) {
  const { call, close } = openCaller(url, { ca, ...(from && { from }) })
  onTestFinished(() => close())
  return call
}

/** Sends bytes as they are, and answers all that came until the end. */
export function send({ port, plainPort, ca }: Nginx, bytes: string, { plain = false } = {}): Promise<string> {
  const socket: Socket = plain
    ? connectInClear(plainPort, '127.0.0.1')
    : connect({ port, host: '127.0.0.1', ca, ALPNProtocols: ['http/1.1'] })
  socket.setTimeout(15_000, () => socket.destroy(new Error('No answer')))
  socket.write(bytes)
  return text(socket)
}

export const statusesOf = (said: string) =>
  [...said.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status))
export const bodyOf = (said: string) => JSON.parse(said.slice(said.indexOf('\r\n\r\n'))) as Record<string, unknown>
