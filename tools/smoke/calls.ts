// Calls a deployed service: each with a time limit, a wait that the service asks for honoured, and what was refused said with its code.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

export type Person = { email: string; password: string; id?: string; token?: string }
export type Body = Record<string, unknown>
type Reply = { status: number; headers: Headers; body: Body; text: string }
type CallOptions = {
  as?: Person | undefined
  body?: unknown
  /** The Idempotency-Key, which a repeated call has again. */
  key?: string
  /** The statuses that are right; by default every 2xx. */
  expect?: readonly number[]
}
export type Call = (method: string, path: string, options?: CallOptions) => Promise<Reply>
type Options = {
  /** Without a slash at its end. */
  url: string
  /** Milliseconds for each call. */
  timeout: number
  /** On Fly.io, the one machine that is to answer. */
  machine?: string | undefined
  /** Ends calls and waits. */
  signal: AbortSignal
  say: (line: string) => void
}

/** The service could not be asked at all. */
export class NoAnswer extends Error {}
/** It answered something else than what is right. `code` is that of its problem document. */
export class WrongAnswer extends Error {
  readonly code: string

  constructor(message: string, code = '') {
    super(message)
    this.code = code
  }
}

/** Seconds: two windows of a minute. */
const longestWait = 120
const tries = 3

export function createCall({ url, timeout, machine, signal, say }: Options): Call {
  return async (method, path, { as, body, key = randomUUID(), expect } = {}) => {
    for (let turn = 1; ; turn += 1) {
      const reply = await send(method, path, as, body, key)
      const isRight = expect ? expect.includes(reply.status) : reply.status >= 200 && reply.status < 300
      if (isRight) return reply
      const wait = Number(reply.headers.get('retry-after') ?? 0)
      const asksToWait = [429, 503].includes(reply.status) && wait > 0 && wait <= longestWait
      if (!asksToWait || turn === tries) throw wrong(method, path, reply)
      say(`${method} ${path} is to be repeated in ${wait} s, says ${reply.status} ${codeOf(reply)}`)
      await delay(wait * 1000, undefined, { signal }).catch(() => {
        throw wrong(method, path, reply, ', and there is no time to wait')
      })
    }
  }

  async function send(
    method: string,
    path: string,
    as: Person | undefined,
    body: unknown,
    key: string,
  ): Promise<Reply> {
    const headers = new Headers()
    if (method === 'POST') headers.set('idempotency-key', key)
    if (machine) headers.set('fly-force-instance-id', machine)
    if (as?.token) headers.set('authorization', `Bearer ${as.token}`)
    if (body !== undefined) headers.set('content-type', 'application/json')
    try {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers,
        // A redirect would turn a POST into a GET.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, headers: answer.headers, text, body: parse(text) }
    } catch (error) {
      throw new NoAnswer(`${method} ${path} had no answer: ${reasonOf(error as Error, timeout)}`)
    }
  }
}

function wrong(method: string, path: string, reply: Reply, more = ''): WrongAnswer {
  const to = reply.headers.get('location')
  const said = codeOf(reply) || (to ? `to ${to}` : 'and is no problem document')
  const id = reply.body.requestId ?? reply.headers.get('x-request-id')
  const request = typeof id === 'string' ? ` (request ${id})` : ''
  return new WrongAnswer(`${method} ${path} was answered ${reply.status} ${said}${request}${more}`, codeOf(reply))
}

/** What is no code is not repeated: an answer may hold anything. */
const codeOf = ({ body }: Reply) => (typeof body.code === 'string' && /^[A-Z_]{1,60}$/.test(body.code) ? body.code : '')

/** What is no JSON object has no field that is right. */
function parse(text: string): Body {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Body) : {}
  } catch {
    return {}
  }
}

function reasonOf(error: Error, timeout: number): string {
  if (error.name === 'TimeoutError') return `not within ${timeout / 1000} s`
  if (error.name === 'AbortError') return 'the smoke test was ended, or took too long altogether'
  const cause = error.cause as (Error & { code?: string }) | undefined
  return cause?.code ?? cause?.message ?? error.message
}
