// The seams of a trace. Work for a caller, a job or a schedule runs in the context of its trace (lib/tracing.ts); what stands here asks
// that context. Where the trace is not recorded, a seam costs one look. Names and attributes follow OpenTelemetry's semantic
// conventions, and hold no value that a caller sent but the request's id.
import {
  type Attributes,
  context,
  createContextKey,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'

export type { Attributes } from '@opentelemetry/api'
export { SpanKind } from '@opentelemetry/api'

/** Only in the context of a trace that is recorded. */
export const recorder = createContextKey('seaworthy.recorder')

type About = { kind?: SpanKind; attributes?: Attributes }

/** Whether the present trace is recorded. */
export const isRecorded = () => context.active().getValue(recorder) !== undefined

/** Does the work in a span of its own; an error of it is the span's, and is thrown on. */
export async function inSpan<T>(name: string, about: About, work: (span?: Span) => Promise<T>): Promise<T> {
  const present = context.active()
  const tracer = present.getValue(recorder) as Tracer | undefined
  if (!tracer) return work()
  const span = tracer.startSpan(name, about, present)
  try {
    return await context.with(trace.setSpan(present, span), work, undefined, span)
  } catch (error) {
    fail(span, error)
    throw error
  } finally {
    span.end()
  }
}

/** Says that it failed, and by what kind of error. Not its message, which may quote what a caller sent. */
export function fail(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR })
  span.setAttribute('error.type', typeOf(error))
}

/** A code, as drivers, Node and our own errors have one, else the name of the class. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' ? code : error.constructor.name
}

/** What a log line says of the present trace. */
export function traceIds(): { trace_id?: string; span_id?: string } {
  const present = trace.getSpanContext(context.active())
  return present ? { trace_id: present.traceId, span_id: present.spanId } : {}
}

/** The present span as W3C Trace Context says it to others, for an outgoing call or a row that a job goes on from. */
export function traceparent(): string | undefined {
  const present = trace.getSpanContext(context.active())
  if (!present) return undefined
  return `00-${present.traceId}-${present.spanId}-${present.traceFlags.toString(16).padStart(2, '0')}`
}

/** fetch in a span of its own, with the trace in its request. */
export const tracedFetch: typeof fetch = async (input, init) => {
  const request = new Request(input, init)
  const { hostname, port, protocol } = new URL(request.url)
  const attributes = {
    'http.request.method': request.method,
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
  }
  return inSpan(request.method, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    const parent = traceparent()
    if (parent) request.headers.set('traceparent', parent)
    const answer = await fetch(request)
    span?.setAttribute('http.response.status_code', answer.status)
    if (answer.status >= 400)
      span?.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', `${answer.status}`)
    return answer
  })
}
