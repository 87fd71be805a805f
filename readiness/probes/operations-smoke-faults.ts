// Stands in front of a service and spoils one thing, as a bad release does: a route that fails, an old list, a wrong body, a slow answer.
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Changes an answer, or gives one of its own. Undefined: it is passed on as it is. */
export type Fault = (asked: { method: string; path: string }, turn: number) => Spoilt | undefined
export type Spoilt = {
  status?: number
  body?: string | ((said: string) => string)
  /** Set, or taken out with null. */
  fields?: Record<string, string | null>
  /** No answer comes at all. */
  silent?: true
}

/** A service with one fault: its address, and how often the fault came. */
export async function openFaulty(target: string, fault: Fault) {
  let hits = 0
  let turn = 0
  const server = createServer((incoming, outgoing) => {
    const spoilt = fault({ method: incoming.method ?? '', path: incoming.url ?? '' }, turn)
    if (spoilt) {
      hits += 1
      turn += 1
    }
    if (spoilt?.silent) return incoming.resume()
    // What it answers itself never gets to the service: a route that fails does nothing.
    if (spoilt?.status) return answer(outgoing, spoilt.status, {}, spoilt, '')
    return pass(target, incoming, outgoing, spoilt)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hits: () => hits,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function pass(target: string, incoming: IncomingMessage, outgoing: ServerResponse, spoilt: Spoilt | undefined) {
  const { method, headers } = incoming
  // What is to be read must not be compressed, and a 304 has no body to spoil.
  const { host: _, 'accept-encoding': __, ...kept } = headers
  const sent = request(new URL(incoming.url ?? '/', target), { method, headers: kept, agent: false }, async (said) => {
    const chunks: Buffer[] = []
    for await (const chunk of said) chunks.push(chunk as Buffer)
    answer(outgoing, said.statusCode ?? 502, said.headers, spoilt, Buffer.concat(chunks).toString())
  })
  sent.once('error', () => outgoing.destroy())
  incoming.pipe(sent)
}

function answer(outgoing: ServerResponse, status: number, headers: object, spoilt: Spoilt | undefined, said: string) {
  const { body, fields = {} } = spoilt ?? {}
  const text = typeof body === 'function' ? body(said) : (body ?? said)
  const { 'content-length': _, 'transfer-encoding': __, ...kept } = headers as Record<string, string>
  const changed = Object.entries({ ...kept, ...fields }).filter(([, value]) => value !== null)
  outgoing.writeHead(status, Object.fromEntries(changed) as Record<string, string>)
  outgoing.end(status === 204 || status === 304 ? undefined : text)
}
