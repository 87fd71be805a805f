// HTTP as a caller sees it: each probe has an address of its own, so that limits by address never mix two probes.
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import process from 'node:process'
import { red } from './red.ts'

type Fields = Record<string, string | string[]>
export type CallOptions = {
  body?: unknown
  /** Sent as it is, instead of `body`. */
  raw?: string | Buffer
  headers?: Fields
  /** The Idempotency-Key: a new one for each POST by default, none with null. */
  key?: string | null
  /** Milliseconds after which it is given up. */
  within?: number
}
export type Answer = {
  status: number
  text: string
  /** The first value of a field, by its name in small letters. */
  field(name: string): string | undefined
  /** All values of a field. */
  fields(name: string): string[]
  /** The body as JSON. Red by `not-json` when it is none. */
  json<T = Record<string, unknown>>(): T
}
export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>
export type Role = 'client' | 'worker' | 'support' | 'admin'
export type Person = { call: Call; id: string; email: string; password: string; token: string; role: Role }

/** What a look at a deployed service may do: read. */
export type Target = { url: string; get(path: string, options?: Pick<CallOptions, 'headers'>): Promise<Answer> }

const reads = ['GET', 'HEAD', 'OPTIONS']
let addresses = 0

/** The next address of 127.0.0.0/8, where the system has all of it. */
function nextAddress(): string {
  const next = ++addresses
  return process.platform === 'linux'
    ? `127.${1 + ((next >> 16) & 63)}.${(next >> 8) & 255}.${next & 255}`
    : '127.0.0.1'
}

type Caller = { readOnly?: boolean; token?: string; from?: string; ca?: string | undefined }

/**
 * Calls a service. Connections are kept; `close` ends them. On this machine it calls from an address of its own, or `from` another.
 * With `readOnly` it refuses to send what could write. `ca` is trusted instead of the authorities of the system.
 */
export function openCaller(url: string, { readOnly = false, token = '', from = nextAddress(), ca }: Caller = {}) {
  const { protocol, hostname } = new URL(url)
  const secure = protocol === 'https:'
  const local = ['127.0.0.1', 'localhost'].includes(hostname) && { localAddress: from }
  const agent = secure
    ? new SecureAgent({ keepAlive: true, ...local, ...(ca && { ca }) })
    : new Agent({ keepAlive: true, ...local })

  return { call: withToken(token), withToken, close: () => agent.destroy() }

  function withToken(bearer: string): Call {
    return (method, path, options = {}) => {
      if (readOnly && !reads.includes(method))
        red('would-write', `${method} ${path} on a target that is only looked at`)
      return send(method, path, options, bearer)
    }
  }

  function send(method: string, path: string, options: CallOptions, bearer: string): Promise<Answer> {
    const { body, raw = body === undefined ? undefined : JSON.stringify(body), within = 15_000 } = options
    const key = options.key === undefined && method === 'POST' ? randomUUID() : options.key
    const headers: Fields = {
      ...(bearer && { authorization: `Bearer ${bearer}` }),
      ...(key && { 'idempotency-key': key }),
      ...(raw !== undefined && {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(raw)),
      }),
      ...options.headers,
    }
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(within)
      const sent = (secure ? secureRequest : request)(
        new URL(path, url),
        { method, headers, agent, signal },
        (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk) => chunks.push(chunk))
          answer.once('error', reject)
          answer.once('end', () => {
            const text = Buffer.concat(chunks).toString()
            const field = (name: string) => {
              const value = answer.headers[name]
              return Array.isArray(value) ? value[0] : value
            }
            const fields = (name: string) => [answer.headers[name] ?? []].flat()
            resolve({ status: answer.statusCode ?? 0, text, field, fields, json: () => parse(text) })
          })
        },
      )
      sent.once('error', reject)
      sent.end(raw)
    })
  }
}

function parse<T>(text: string): T {
  try {
    return JSON.parse(text) as T
  } catch {
    return red('not-json', text.slice(0, 200))
  }
}
