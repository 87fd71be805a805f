// Puts each request into the trace of its caller, or begins one: what it leads to, in this process and in others, is found by one
// trace id (W3C Trace Context). It says nothing of who called, and has no backing store: a collector that is away costs spans alone.
// To remove it, delete its line in app.ts: log lines then have no trace id, and jobs begin traces of their own.
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { traceparent as present, SpanKind } from '../lib/spans.ts'
import type { Tracing, Unit } from '../lib/tracing.ts'

/** `slow`: milliseconds from which a request leaves a span even where its trace is not recorded. */
type Options = { begin: Tracing['begin']; slow: number }

export const tracing = fp<Options>(
  async (app, { begin, slow }) => {
    const units = new WeakMap<FastifyRequest, Unit>()
    const errors = new WeakMap<FastifyRequest, Error>()

    app.addHook('onRequest', (request, reply, done) => {
      const { traceparent } = request.headers
      const parent = typeof traceparent === 'string' ? traceparent : undefined
      const unit = begin({ name: request.method, kind: SpanKind.SERVER, parent })
      units.set(request, unit)
      unit.run(() => {
        // As the drafts of W3C Trace Context call what tells a caller under which id it is found.
        reply.header('traceresponse', present())
        done()
      })
    })
    // The end of a body is an event of the connection, which belongs to no request.
    app.addHook('preValidation', (request, _reply, done) => within(request, done))
    app.addHook('onError', async (request, _reply, error) => {
      errors.set(request, error)
    })
    app.addHook('onResponse', (request, reply, done) => {
      const { statusCode: status, elapsedTime } = reply
      const failed = status >= 500
      within(request, done)
      units.get(request)?.end(failed || elapsedTime >= slow, () => ({
        name: [request.method, request.routeOptions.url].filter(Boolean).join(' '),
        attributes: aboutOf(request, status),
        ...(failed && { error: errors.get(request) ?? String(status) }),
      }))
    })

    function within(request: FastifyRequest, done: () => void): void {
      const unit = units.get(request)
      if (unit) unit.run(done)
      else done()
    }
  },
  { name: 'tracing' },
)

function aboutOf(request: FastifyRequest, status: number) {
  const { url: route, schema } = request.routeOptions
  return {
    'http.request.method': request.method,
    'http.response.status_code': status,
    'url.scheme': request.protocol,
    'network.protocol.version': request.raw.httpVersion,
    'seaworthy.request.id': request.id,
    // Not the path itself, which may hold anything.
    ...(route && { 'http.route': route }),
    ...(schema?.operationId && { 'seaworthy.operation': schema.operationId }),
  }
}
