// Calls over TLS that are sent once: what gets no answer, for whatever reason, is told as such and never sent again.
import { type IncomingHttpHeaders, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent, request } from 'node:https'

export type Wanted = { method: string; path: string; token?: string; key?: string; ifMatch?: string; body?: unknown }
/** `status` is 0 and `fault` says why where there was no answer. */
export type Answer = { status: number; text: string; fields: IncomingHttpHeaders; fault?: string }
export type Client = ReturnType<typeof openClient>

/** Milliseconds that an answer may take. */
const patience = 10_000
/** Milliseconds after which an idle connection is not used any more: a server closes it some day, and that may cross a request. */
const idle = 10_000

/** `ca` is trusted instead of the authorities of the system. */
export function openClient({ url, ca }: { url: string; ca?: string | undefined }) {
  const base = new URL(url)
  const secure = base.protocol === 'https:'
  const kept = { keepAlive: true, timeout: idle }
  const agent = secure ? new Agent({ ...kept, ...(ca && { ca }) }) : new PlainAgent(kept)
  const send = secure ? request : plainRequest

  return { ask, close: () => agent.destroy() }

  function ask({ method, path, token, key, ifMatch, body }: Wanted): Promise<Answer> {
    const raw = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(key && { 'idempotency-key': key }),
      ...(ifMatch && { 'if-match': ifMatch }),
      ...(raw && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(raw) }),
    }
    return new Promise((resolve) => {
      const fail = (error: Error & { code?: string }) => {
        clearTimeout(late)
        resolve({ status: 0, text: '', fields: {}, fault: error.code ?? error.message })
      }
      const sent = send(
        { host: base.hostname, port: base.port, method, path, headers, agent, servername: servernameOf(base) },
        (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk) => chunks.push(chunk))
          answer.once('error', fail)
          answer.once('end', () => {
            clearTimeout(late)
            resolve({ status: answer.statusCode ?? 0, fields: answer.headers, text: Buffer.concat(chunks).toString() })
          })
        },
      )
      const late = setTimeout(() => sent.destroy(new Error(`no answer within ${patience} ms`)), patience)
      sent.once('error', fail)
      sent.end(raw)
    })
  }
}

/** TLS names hosts, never addresses. */
const servernameOf = ({ hostname }: URL) => (/^[\d.]+$|^\[/.test(hostname) ? '' : hostname)
