// Takes the spans that processes of the stack export: OTLP over HTTP in JSON (opentelemetry.io/docs/specs/otlp).
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

type Value = { stringValue?: string; intValue?: string | number; doubleValue?: number; boolValue?: boolean }
type Attribute = { key: string; value: Value }
type WireSpan = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind?: number
  attributes?: Attribute[]
  status?: { code?: number; message?: string }
}
type Request = {
  resourceSpans?: { resource?: { attributes?: Attribute[] }; scopeSpans?: { spans?: WireSpan[] }[] }[]
}
export type Span = {
  traceId: string
  spanId: string
  parentSpanId: string
  name: string
  kind: number
  service: string
  attributes: Record<string, string | number | boolean>
  failed: boolean
}

/** `url` is an OTEL_EXPORTER_OTLP_ENDPOINT; `spans` answers what has arrived, and `said` every byte of it. */
export async function openSpanReceiver() {
  const received: Span[] = []
  const bodies: string[] = []
  const server = createServer(async (message, answer) => {
    const body = await text(message).catch(() => '')
    bodies.push(body)
    if (message.url === '/v1/traces') received.push(...spansOf(parse(body)))
    answer.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => [...received],
    said: () => bodies.join('\n'),
    async close() {
      server.close().closeAllConnections()
      await once(server, 'close')
    },
  }
}

function parse(body: string): Request {
  try {
    return JSON.parse(body) as Request
  } catch {
    return {}
  }
}

function spansOf({ resourceSpans = [] }: Request): Span[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const service = String(valuesOf(resource?.attributes)['service.name'] ?? '')
    return scopeSpans.flatMap(({ spans = [] }) =>
      spans.map(({ traceId, spanId, parentSpanId = '', name, kind = 0, attributes, status }) => {
        return {
          traceId,
          spanId,
          parentSpanId,
          name,
          kind,
          service,
          attributes: valuesOf(attributes),
          failed: status?.code === 2,
        }
      }),
    )
  })
}

function valuesOf(attributes: Attribute[] = []): Span['attributes'] {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue),
    ]),
  )
}
