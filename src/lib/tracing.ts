// Decides once for each trace whether it is recorded, and exports what is (OTLP over HTTP). A caller's decision is respected; a trace
// that begins here is recorded by ratio. What is not recorded still has ids, for log lines and for whoever is called. A unit that
// fails or is slow leaves one span in any case: made after the fact, with its true ids, start and parent.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { type Attributes, fail, recorder, type SpanKind } from './spans.ts'

type Options = {
  /** Base URL of a collector; without one nothing is recorded. */
  endpoint: string | undefined
  /** Share of the traces that begin here. */
  ratio: number
  service: string
  version: string
  deployment: string
}
type Beginning = {
  name: string
  kind: SpanKind /** The traceparent of the caller. */
  parent?: string | null | undefined
}
type End = {
  name?: string
  attributes?: Attributes
  error?: unknown
}
export type Unit = {
  /** Runs work, or a callback, in the trace. */
  run<T>(work: () => T): T
  /** `keep` asks for a span even where the trace is not recorded. What `about` answers is only asked for where there is one. */
  end(keep: boolean, about: () => End): void
}
export type Tracing = { begin(beginning: Beginning): Unit; close(): Promise<unknown> }

type Ids = { traceId: string; spanId: string }
type Exporting = {
  tracer: Tracer
  isChosen(traceId: string): boolean
  /** Starts the one span that has these ids. */
  start(ids: Ids, ...given: Parameters<Tracer['startSpan']>): Span
  close(): Promise<unknown>
}

/** Milliseconds that the last spans may take to leave. */
const lastWords = 2000

/** Makes the one context manager of the process too, since that is what carries a trace through awaits. */
export async function openTracing(options: Options): Promise<Tracing> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const exporting = options.endpoint ? await exportTo(options.endpoint, options) : undefined

  return {
    begin({ name, kind, parent }) {
      const caller = callerOf(parent)
      const ids = { traceId: caller?.traceId ?? randomHex(16), spanId: randomHex(8) }
      const around = caller ? trace.setSpanContext(ROOT_CONTEXT, caller) : ROOT_CONTEXT
      const startTime = Date.now()
      const start = () => exporting?.start(ids, name, { kind, startTime }, around)
      const isRecorded = caller ? (caller.traceFlags & TraceFlags.SAMPLED) > 0 : exporting?.isChosen(ids.traceId)
      const span = isRecorded ? start() : undefined
      const present = trace.setSpan(around, span ?? trace.wrapSpanContext({ ...ids, traceFlags: TraceFlags.NONE }))
      const within: Context = span && exporting ? present.setValue(recorder, exporting.tracer) : present
      return {
        run: (work) => context.with(within, work),
        end: (keep, about) => finish(span ?? (keep ? start() : undefined), about),
      }
    },
    close: async () => exporting?.close(),
  }
}

function finish(span: Span | undefined, about: () => End): void {
  if (!span) return
  const { name, attributes = {}, error } = about()
  if (name) span.updateName(name)
  span.setAttributes(attributes)
  if (error !== undefined) fail(span, error)
  span.end()
}

/** Loaded only where something is exported. */
async function exportTo(endpoint: string, { ratio, service, version, deployment }: Options): Promise<Exporting> {
  const [{ AlwaysOnSampler, BatchSpanProcessor, SamplingDecision, TraceIdRatioBasedSampler, TracerProvider }, ...rest] =
    await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ])
  const [{ OTLPTraceExporter }, { resourceFromAttributes }] = rest
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: 5000 })
  const sampler = new TraceIdRatioBasedSampler(ratio)
  let next: Ids | undefined
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.version': version,
      'deployment.environment.name': deployment,
    }),
    // What is not to be recorded never gets here.
    sampler: new AlwaysOnSampler(),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1000 })],
    idGenerator: {
      generateTraceId: () => next?.traceId ?? randomHex(16),
      generateSpanId: () => next?.spanId ?? randomHex(8),
    },
  })
  const tracer = provider.getTracer('seaworthy', version)
  return {
    tracer,
    isChosen: (traceId) => sampler.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED,
    start(ids, ...given) {
      next = ids
      try {
        return tracer.startSpan(...given)
      } finally {
        next = undefined
      }
    },
    // Spans that nobody takes are lost, and no reason to end otherwise.
    close: () => Promise.race([provider.shutdown().catch(() => {}), delay(lastWords, undefined, { ref: false })]),
  }
}

const wellFormed = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Of a traceparent (W3C Trace Context, section 3.2), undefined where it is none. */
function callerOf(traceparent: string | null | undefined): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = ''] = wellFormed.exec(traceparent ?? '') ?? []
  const caller = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true }
  return isSpanContextValid(caller) ? caller : undefined
}

// From UUIDs, of which Node has many in stock: to ask for random bytes each time was most of what a trace cost that is not recorded.
const randomHex = (bytes: number) =>
  randomUUID()
    .replaceAll('-', '')
    .slice(0, 2 * bytes)
