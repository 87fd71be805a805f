// A payment provider for development and tests: the part of Stripe's wire that the service uses, signed webhooks, a page to look at, and
// faults on request by routes of its own under /sandbox (payment-sandbox/README.md). No money moves. It needs Node and nothing else.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createFaults, type Fault } from './payment-sandbox/faults.ts'
import { readForm } from './payment-sandbox/form.ts'
import { Refusal, settle } from './payment-sandbox/objects.ts'
import { pagePolicy, renderPage } from './payment-sandbox/page.ts'
import { openState, type StripeObject } from './payment-sandbox/state.ts'
import { createWebhooks, type WebhookSettings } from './payment-sandbox/webhooks.ts'
import { createWire, kindOf, type SandboxCall, type WireCall } from './payment-sandbox/wire.ts'

export type PaymentSandbox = Awaited<ReturnType<typeof openPaymentSandbox>>
/** `file` keeps what was done over a restart; without, it is in memory. Without `secretKey` any sk_… is taken. */
type Options = {
  port?: number
  host?: string
  file?: string | undefined
  secretKey?: string
  webhook?: WebhookSettings
}

const [mostCalls, mostBytes] = [20_000, 65_536]

export async function openPaymentSandbox({
  port = 0,
  host = '127.0.0.1',
  file,
  secretKey,
  webhook = {},
}: Options = {}) {
  const state = openState(file)
  const faults = createFaults()
  const webhooks = createWebhooks(state, webhook)
  const wire = createWire({ state, secretKey, send: webhooks.send })
  const closing = new AbortController()
  let calls: SandboxCall[] = []
  const server = createServer((request, response) => {
    serve(request, response).catch((error: Error) => send(response, 500, { error: { message: error.message } }))
  })
  await once(server.listen(port, host), 'listening')
  const { port: at } = server.address() as AddressInfo

  return {
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${at}`,
    fault: faults.add,
    heal: faults.clear,
    calls: () => [...calls],
    objects: (object: string) => [...state.objects.values()].filter((one) => one.object === object),
    events: () => [...state.events.values()].map((event) => ({ ...event, tries: webhooks.triesOf(event.id) })),
    sendWebhooks: webhooks.set,
    sendAgain,
    settle: end,
    async close() {
      closing.abort()
      webhooks.close()
      server.close()
      server.closeAllConnections()
    },
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    const { pathname: path, search } = URL.parse(url, 'http://sandbox') ?? new URL('http://sandbox/malformed')
    const text = await read(request)
    if (path === '/') return sendPage(response)
    if (path.startsWith('/sandbox')) return control(method, path, text, response)
    const key = request.headers['idempotency-key'] as string | undefined
    const params = readForm(method === 'GET' ? search : text)
    const { authorization, traceparent } = request.headers
    await serveWire({ method, path, params, key, authorization }, response, traceparent?.toString())
  }

  async function serveWire(call: WireCall, response: ServerResponse, traceparent?: string): Promise<void> {
    const [kind, { method, path, key }] = [kindOf(call), call]
    const fault = faults.take(kind)
    const seen = {
      at: new Date().toISOString(),
      method,
      path,
      kind,
      key,
      status: 0,
      replayed: false,
      fault: fault?.do,
      gaveUp: false,
      traceparent,
    }
    calls = [...calls.slice(-mostCalls), seen]
    response.once('close', () => {
      seen.gaveUp = !response.writableFinished
    })
    const { status, body, replayed = false } = await wire.answer(call, fault, (ms) => pause(ms, response))
    seen.replayed = replayed
    if (fault?.do === 'drop') return void response.destroy()
    seen.status = status
    send(response, status, body, replayed ? { 'idempotent-replayed': 'true' } : {})
  }

  /** For tests and people; in development nobody else can reach it. */
  function control(method: string, path: string, text: string, response: ServerResponse): void {
    const body = () => JSON.parse(text || '{}')
    const routes: Record<string, () => unknown> = {
      'GET /sandbox/health': () => ({ status: 'ok' }),
      'GET /sandbox/calls': () => calls,
      'DELETE /sandbox/calls': forget,
      'GET /sandbox/objects': () => [...state.objects.values()],
      'GET /sandbox/events': () =>
        [...state.events.values()].map((event) => ({ ...event, tries: webhooks.triesOf(event.id) })),
      'GET /sandbox/faults': faults.list,
      'POST /sandbox/faults': () => faults.add(body() as Fault),
      'DELETE /sandbox/faults': faults.clear,
      'PUT /sandbox/webhooks': () => webhooks.set(body() as WebhookSettings),
      'POST /sandbox/webhooks/repeats': () => sendAgain(body().id),
      'POST /sandbox/settlements': () => end(body().id, body().succeeds !== false),
      'DELETE /sandbox': state.clear,
    }
    const route = routes[`${method} ${path}`]
    if (!route) return void send(response, 404, { error: { message: `There is no ${method} ${path}` } })
    try {
      send(response, 200, route() ?? { done: true })
    } catch (error) {
      const status = error instanceof Refusal ? error.status : 400
      send(response, status, { error: { message: (error as Error).message } })
    }
  }

  function forget(): void {
    calls = []
  }

  /** Sends events that were sent before, in this order: one, or all. */
  function sendAgain(id?: string): void {
    for (const event of state.events.values()) if (!id || event.id === id) webhooks.send(event)
  }

  /** Ends a charge or refund that is pending. */
  function end(id: string, succeeds = true): StripeObject {
    const call = { method: 'POST', path: '/sandbox/settlements', params: {}, key: undefined, authorization: undefined }
    const done = settle(state, id, succeeds)
    wire.keep(call, { status: 200, body: undefined }, done)
    return done.objects[0]
  }

  function sendPage(response: ServerResponse): void {
    const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy }
    response.writeHead(200, headers).end(renderPage(state, calls, webhooks.triesOf))
  }

  /** For ever is until the caller gives up. */
  async function pause(ms: number, response: ServerResponse): Promise<void> {
    const { signal } = closing
    if (ms === Number.POSITIVE_INFINITY) await once(response, 'close', { signal }).catch(() => {})
    else await delay(ms, undefined, { signal }).catch(() => {})
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes <= mostBytes) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8420' },
      host: { type: 'string', default: '127.0.0.1' },
      file: { type: 'string' },
      webhook: { type: 'string' },
    },
  })
  const secret = process.env.PAYMENTS_WEBHOOK_SECRETS?.split(',')[0]?.trim()
  const webhook = { url: values.webhook, ...(secret && { secret }) }
  try {
    const sandbox = await openPaymentSandbox({ ...values, port: Number(values.port), webhook })
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, sandbox.close)
    console.log(`Payments  ${sandbox.url}\nStop      Ctrl-C`)
  } catch (error) {
    console.error(`${(error as Error).message}\nAnother port: node tools/payment-sandbox.ts --port PORT`)
    process.exitCode = 1
  }
}
