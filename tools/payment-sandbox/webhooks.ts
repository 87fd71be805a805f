// Sends events as Stripe does: signed anew at each try, and tried again until somebody answers 2xx.
import { createHmac } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { SandboxEvent, State } from './state.ts'

/** `late`: milliseconds before an event is sent. `copies`: how often it is. `mixed`: every second one half a second later. */
export type WebhookSettings = {
  url?: string | undefined
  secret?: string
  late?: number
  copies?: number
  mixed?: boolean
}

/** Milliseconds: for one try, and between the first two; each wait is twice the one before. */
const [patience, firstWait, longestWait, mixedBy] = [5000, 100, 5000, 500]

/** The field Stripe-Signature. `at` is in seconds since 1970. */
export function signatureOf(secret: string, payload: string, at = Math.floor(Date.now() / 1000)): string {
  return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${payload}`).digest('hex')}`
}

/** What was not taken before the sandbox was closed is sent again when it is open. */
export function createWebhooks(state: State, given: WebhookSettings) {
  const closing = new AbortController()
  const settings = { late: 0, copies: 1, mixed: false, secret: 'whsec_sandbox', ...given }
  const tries = new Map<string, number[]>()
  const underWay = new Set<string>()
  let sent = 0
  sendWhatIsLeft()

  return {
    send: (event: SandboxEvent) => void deliver(event),
    payloadOf,
    /** Answers of each try; 0 for none. */
    triesOf: (id: string) => tries.get(id) ?? [],
    set(change: WebhookSettings) {
      Object.assign(settings, change)
      sendWhatIsLeft()
    },
    close: () => closing.abort(),
  }

  function sendWhatIsLeft(): void {
    for (const event of state.events.values())
      if (!state.delivered.has(event.id) && !underWay.has(event.id)) void deliver(event)
  }

  async function deliver(event: SandboxEvent): Promise<void> {
    underWay.add(event.id)
    const wait = settings.late + (settings.mixed && sent++ % 2 === 0 ? mixedBy : 0)
    await pause(wait)
    for (let copy = 0; copy < settings.copies; copy++) await untilTaken(event)
    underWay.delete(event.id)
  }

  async function untilTaken(event: SandboxEvent): Promise<void> {
    for (let wait = firstWait; settings.url && !closing.signal.aborted; wait = Math.min(2 * wait, longestWait)) {
      const status = await post(settings.url, payloadOf(event))
      tries.set(event.id, [...(tries.get(event.id) ?? []), status])
      if (status >= 200 && status < 300) return state.commit({ delivered: [event.id] })
      await pause(wait)
    }
  }

  async function post(url: string, payload: string): Promise<number> {
    const headers = { 'content-type': 'application/json', 'stripe-signature': signatureOf(settings.secret, payload) }
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(patience)])
    const answer = await fetch(url, { method: 'POST', headers, body: payload, signal }).catch(() => undefined)
    await answer?.arrayBuffer().catch(() => {})
    return answer?.status ?? 0
  }

  /** Ends at once when the sandbox is closed, and keeps no process running. */
  async function pause(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: closing.signal, ref: false }).catch(() => {})
  }
}

function payloadOf({ id, type, created, object, key }: SandboxEvent): string {
  const request = { id: `req_${id.slice(4)}`, idempotency_key: key ?? null }
  const about = { id, object: 'event', api_version: '2026-10-28.endive', created, livemode: false, pending_webhooks: 1 }
  return JSON.stringify({ ...about, type, request, data: { object } })
}
