// The edge of the tree in front of the stack's API, as a caller and as an operator see it.
import { connect as connectInClear, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { openNginx } from '../../tools/nginx.ts'
import type { Context } from '../context/context.ts'
import { openCaller } from '../context/http.ts'
import { openRelay } from './edge-relay.ts'

/** Of the replicas behind the edge. */
export const behindEdge = { TRUST_PROXY: 'loopback' }

export type Edge = Awaited<ReturnType<typeof openEdge>>
type Options = { hosts?: string[] }

/** Opens nginx with the tree's files in front of the API, runs `look`, and closes it whatever happens. */
export async function atTheEdge<T>(context: Context, look: (edge: Edge) => Promise<T>, options: Options = {}) {
  const edge = await openEdge(context, options)
  try {
    return await look(edge)
  } finally {
    await edge.close()
  }
}

async function openEdge({ tree, server, until }: Context, { hosts }: Options) {
  const parts = new AsyncDisposableStack()
  const relay = parts.adopt(await openRelay(Number(new URL(server.url).port)), (opened) => opened.close())
  const upstreams = [relay.at]
  const nginx = await openNginx({ tree, upstreams, ...(hosts && { hosts }) }).catch(async (error) => {
    await parts.disposeAsync()
    throw error
  })
  parts.defer(nginx.close)
  return { nginx, relay, from, lineOf, raw, close: () => parts.disposeAsync() }

  /** Somebody who calls the edge, from a new address or a given one. */
  function from(url = nginx.url, address?: string) {
    const caller = openCaller(url, { ca: nginx.ca, ...(address && { from: address }) })
    parts.defer(async () => caller.close())
    return caller
  }

  /** The line of the access log for a request. */
  function lineOf(id: string | undefined) {
    return until('not-logged', async () => (await nginx.lines()).find(({ requestId }) => id && requestId === id))
  }

  /** Sends bytes as they are, in clear to the plain port or by TLS, and answers all that came until the end. */
  async function raw(bytes: string, { plain = false } = {}): Promise<string> {
    const socket: Socket = plain
      ? connectInClear(nginx.plainPort, '127.0.0.1')
      : connect({ port: nginx.port, host: '127.0.0.1', ca: nginx.ca, ALPNProtocols: ['http/1.1'] })
    socket.setTimeout(15_000, () => socket.destroy(new Error('No answer')))
    socket.write(bytes)
    return text(socket)
  }
}
