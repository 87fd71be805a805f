// The part of Stripe's wire that the service uses: which call does what, one at a time for a key, and the answers under keys.
import { createHash } from 'node:crypto'
import type { CallKind, Fault } from './faults.ts'
import { type Params, partOf, textOf } from './form.ts'
import * as objects from './objects.ts'
import { type Done, invalid, Refusal } from './objects.ts'
import type { SandboxEvent, State, StripeObject } from './state.ts'

export type WireCall = {
  method: string
  path: string
  params: Params
  key: string | undefined
  authorization: string | undefined
}
/** What a call was, for whoever counts them. */
export type SandboxCall = {
  at: string
  method: string
  path: string
  kind: CallKind
  key: string | undefined
  /** 0 for none, or not yet. */
  status: number
  replayed: boolean
  fault: string | undefined
  /** The caller went away before it was answered. */
  gaveUp: boolean
  /** Of which trace it said that it is. */
  traceparent: string | undefined
}
type WireAnswer = { status: number; body: unknown; replayed?: boolean }
type Options = { state: State; secretKey: string | undefined; send: (event: SandboxEvent) => void }

const lists: Record<string, { object: string; filters: string[] }> = {
  '/v1/charges': { object: 'charge', filters: ['payment_intent', 'transfer_group'] },
  '/v1/payment_intents': { object: 'payment_intent', filters: [] },
  '/v1/refunds': { object: 'refund', filters: ['charge', 'payment_intent'] },
  '/v1/transfers': { object: 'transfer', filters: ['destination', 'transfer_group'] },
}

/** What a call is to the faults. */
export function kindOf({ method, path }: WireCall): CallKind {
  if (method !== 'POST') return 'read'
  return path.startsWith('/v1/refunds') ? 'refund' : path.startsWith('/v1/transfers') ? 'payout' : 'charge'
}

export function createWire({ state, secretKey, send }: Options) {
  const underWay = new Set<string>()
  return { answer, keep }

  /** The answer to a call; with a fault it may come late, be another one, or never. Never rejects. */
  async function answer(
    call: WireCall,
    fault: Fault | undefined,
    wait: (ms: number) => Promise<void>,
  ): Promise<WireAnswer> {
    try {
      identify(call)
      if (fault?.do === 'throttle')
        throw new Refusal(429, { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many' })
      if (fault?.do === 'fail')
        throw new Refusal(500, { type: 'api_error', message: 'Something went wrong on our end.' })
      return await once(call, async () => {
        if (!fault?.after) await late(fault, wait)
        const made = does(call, fault?.do === 'decline')
        if (fault?.after) await late(fault, wait)
        return made
      })
    } catch (error) {
      return refusal(error)
    }
  }

  function identify({ authorization = '' }: WireCall): void {
    const given = /^Bearer (sk_\S+)$/.exec(authorization)?.[1]
    if (given && (!secretKey || given === secretKey)) return
    throw new Refusal(401, { type: 'invalid_request_error', message: 'Invalid API Key provided' })
  }

  /** A key is of one call at a time, and of one request for ever. What was refused before it was begun is not kept. */
  async function once(call: WireCall, work: () => Promise<WireAnswer>): Promise<WireAnswer> {
    const { key } = call
    if (call.method !== 'POST' || !key) return work()
    const message = `Keys for idempotent requests can only be used with the same parameters they were first used with: ${key}`
    const kept = state.answers.get(key)
    if (kept && kept.print !== printOf(call)) throw new Refusal(400, { type: 'idempotency_error', message })
    if (kept) return { status: kept.status, body: kept.body, replayed: true }
    if (underWay.has(key))
      throw new Refusal(409, {
        type: 'invalid_request_error',
        code: 'idempotency_key_in_use',
        message: 'There is another request with this key under way',
      })
    underWay.add(key)
    return work().finally(() => underWay.delete(key))
  }

  /** Does it, and keeps it with its answer in one step. */
  function does(call: WireCall, decline: boolean): WireAnswer {
    if (call.method === 'GET') return { status: 200, body: look(call) }
    try {
      const done = act(call, decline)
      return keep(call, { status: 200, body: done.objects[0] }, done)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return keep(call, refusal(error), error.left)
    }
  }

  function keep(call: WireCall, { status, body }: WireAnswer, done: Done | undefined): WireAnswer {
    const events = (done?.events ?? []).map(([type, object]) => objects.makeEvent(type, object, call.key))
    const answered = call.key && { key: call.key, print: printOf(call), status, body }
    state.commit({ objects: done?.objects ?? [], events, ...(answered && { answer: answered }) })
    for (const event of events) send(event)
    return { status, body }
  }

  function act({ method, path, params }: WireCall, decline: boolean): Done {
    const [, id = ''] = /^\/v1\/payment_intents\/(\w+)\/confirm$/.exec(path) ?? []
    if (method === 'POST' && id) return objects.confirmIntent(state, id, params, decline)
    if (method === 'POST' && path === '/v1/payment_intents') return objects.createIntent(params, decline)
    if (method === 'POST' && path === '/v1/refunds') return objects.createRefund(state, params)
    if (method === 'POST' && path === '/v1/transfers') return objects.createTransfer(state, params)
    throw unknown(method, path)
  }

  function look({ method, path, params }: WireCall): unknown {
    const list = lists[path]
    if (list) return page(path, list, params)
    if (path === '/v1/balance') {
      const available = [...objects.balanceOf(state)].map(([currency, amount]) => ({
        amount,
        currency,
        source_types: {},
      }))
      return { object: 'balance', available, pending: [], livemode: false }
    }
    const [, family = '', id = ''] = /^(\/v1\/\w+)\/(\w+)$/.exec(path) ?? []
    if (lists[family]) return objects.get(state, id, lists[family].object)
    throw unknown(method, path)
  }

  /** The newest first, as Stripe does. */
  function page(url: string, { object, filters }: { object: string; filters: string[] }, params: Params) {
    const created = partOf(params, 'created')
    const limit = Number(textOf(params, 'limit') ?? 10)
    if (!(limit >= 1 && limit <= 100)) throw invalid('limit must be between 1 and 100', undefined, 'limit')
    const isWanted = (one: StripeObject) =>
      one.object === object &&
      filters.every((name) => (textOf(params, name) ?? one[name]) === one[name]) &&
      one.created >= Number(textOf(created, 'gte') ?? 0) &&
      one.created < Number(textOf(created, 'lt') ?? Number.POSITIVE_INFINITY)
    const all = [...state.objects.values()].filter(isWanted).reverse()
    const after = textOf(params, 'starting_after')
    const start = after ? all.findIndex(({ id }) => id === after) + 1 : 0
    return { object: 'list', url, data: all.slice(start, start + limit), has_more: all.length > start + limit }
  }
}

async function late(fault: Fault | undefined, wait: (ms: number) => Promise<void>): Promise<void> {
  if (fault?.do === 'slow') await wait(fault.ms ?? 1000)
  if (fault?.do !== 'hang') return
  await wait(Number.POSITIVE_INFINITY)
  throw new Refusal(500, { type: 'api_error', message: 'Nobody waits for this any more' })
}

function refusal(error: unknown): WireAnswer {
  if (!(error instanceof Refusal)) throw error
  return { status: error.status, body: { error: error.error } }
}

const unknown = (method: string, path: string) =>
  new Refusal(404, { type: 'invalid_request_error', message: `Unrecognized request URL (${method}: ${path})` })

const printOf = ({ path, params }: WireCall) =>
  createHash('sha256')
    .update(JSON.stringify([path, params]))
    .digest('hex')
