// Lets a route take its connection over as a WebSocket (RFC 6455), after the request has passed everything that any other passes: what is
// refused is answered as always. From then on the request is over, answered 101, with its line, its metrics and its place given back; the
// connection belongs to whoever asked for it. Browsers let no page set a field of the request, so a token may come as a subprotocol.
// It has no backing store. To remove it, delete its line in app.ts: whoever wants a stream is then hung up on.
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type WebSocket, WebSocketServer } from 'ws'
import { AppError } from '../lib/errors.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Rejects where the request asks for no WebSocket, or comes from a page of another site. */
    upgrade(): Promise<WebSocket>
  }
}

type Options = {
  /** Origins of the pages that may listen. */
  origins: readonly string[]
  isDraining: () => boolean
}

const protocol = 'seaworthy.v1'
const bearer = /(?:^|, *)bearer\.([\w.-]+)(?:,|$)/
const upgradeRequired = () =>
  new AppError(426, 'UPGRADE_REQUIRED', 'This is a WebSocket: ask for it by an upgrade (RFC 6455, version 13)', {
    headers: { upgrade: 'websocket', 'sec-websocket-version': '13' },
  })
const originRefused = () =>
  new AppError(403, 'ORIGIN_REFUSED', 'A page must be of an origin that this service knows to listen here')
const stopping = () =>
  new AppError(503, 'STOPPING', 'This process is about to end. Connect again, and another one answers', {
    headers: { 'retry-after': '1' },
  })

/** Whether Node hands a request over by `upgrade`: any other wish is one that a server may leave alone. */
export const wantsStream = ({ headers }: Pick<IncomingMessage, 'headers'>) =>
  headers.upgrade?.toLowerCase() === 'websocket'

export const streams = fp<Options>(
  async (app, { origins, isDraining }) => {
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      // Nobody says anything here.
      maxPayload: 1024,
      // Milliseconds in which the other side may say goodbye. Its types have no such option yet.
      ...{ closeTimeout: 5000 },
      handleProtocols: (offered) => offered.has(protocol) && protocol,
    })
    const ways = new WeakMap<IncomingMessage, { socket: Socket; head: Buffer }>()

    app.server.on('upgrade', (raw: IncomingMessage, socket: Socket, head: Buffer) => {
      const fail = () => socket.destroy()
      socket.on('error', fail)
      const token = bearer.exec(raw.headers['sec-websocket-protocol'] ?? '')?.[1]
      if (token && raw.headers.authorization === undefined) raw.headers.authorization = `Bearer ${token}`
      ways.set(raw, { socket, head })
      const answer = new ServerResponse(raw)
      answer.shouldKeepAlive = false
      answer.assignSocket(socket)
      answer.once('finish', () => answer.socket === socket && socket.end())
      app.routing(raw, answer)
    })

    app.decorateReply('upgrade', async function (this: FastifyReply) {
      const { request } = this
      const way = ways.get(request.raw)
      if (!way || !isSound(request)) throw upgradeRequired()
      if (!isOurs(request)) throw originRefused()
      if (isDraining()) throw stopping()
      this.hijack()
      this.raw.detachSocket(way.socket)
      return new Promise<WebSocket>((resolve) => {
        server.handleUpgrade(request.raw, way.socket, way.head, (stream) => {
          conclude(this)
          resolve(stream)
        })
      })
    })

    function isOurs({ headers: { origin }, viewedBy }: FastifyRequest): boolean {
      return origin === undefined ? viewedBy !== 'cookie' : origins.includes(origin)
    }
  },
  { name: 'streams', dependencies: ['identify'] },
)

/** What `ws` would refuse by an answer of its own. */
function isSound({ headers }: FastifyRequest): boolean {
  const { 'sec-websocket-key': key = '', 'sec-websocket-version': version, 'sec-websocket-protocol': offered } = headers
  const words = offered?.split(/ *, */) ?? []
  return (
    /^[+/0-9A-Za-z]{22}==$/.test(key) &&
    version === '13' &&
    words.every((word) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(word)) &&
    new Set(words).size === words.length
  )
}

/** The answer is given: whatever waits for the end of the request sees it now, and not when the stream ends. */
function conclude(reply: FastifyReply): void {
  const sink = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  reply.code(101)
  reply.raw.assignSocket(sink as Socket)
  reply.raw.once('finish', () => sink.destroy())
  reply.raw.writeHead(101).end()
}
