// Takes the errors that processes of the stack report: envelopes of Sentry (develop.sentry.dev/sdk/data-model/envelopes).
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export type ErrorEvent = {
  release?: string
  environment?: string
  user?: Record<string, unknown>
  tags?: Record<string, string>
  contexts?: { trace?: { trace_id?: string; span_id?: string } }
  exception?: { values?: { type?: string; value?: string; stacktrace?: { frames?: unknown[] } }[] }
}

/** `dsn` is a SENTRY_DSN; `events` answers what has arrived, and `said` every byte of it. */
export async function openErrorReceiver() {
  const received: ErrorEvent[] = []
  const bodies: string[] = []
  const server = createServer(async (message, answer) => {
    const body = await text(message).catch(() => '')
    bodies.push(`${message.url}\n${body}`)
    if (message.url?.startsWith('/api/1/envelope/')) received.push(...eventsOf(body))
    answer.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    dsn: `http://public@127.0.0.1:${(server.address() as AddressInfo).port}/1`,
    events: () => [...received],
    said: () => bodies.join('\n'),
    async close() {
      server.close().closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** A line of its own, then of each item a line about it and one that holds it. */
function eventsOf(envelope: string): ErrorEvent[] {
  const [, ...lines] = envelope.split('\n')
  return lines.flatMap((line, index) => {
    const item = index % 2 === 0 ? parse(line) : undefined
    return item?.type === 'event' ? [parse(lines[index + 1]) as ErrorEvent] : []
  })
}

function parse(line = ''): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return {}
  }
}
