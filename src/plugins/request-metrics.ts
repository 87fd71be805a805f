// Counts what is answered, and how long it took: rate, errors and duration by operation, method and class of status. Labels are of the
// route, never of the request, so that no caller can make a series. It has no backing store.
// To remove it, delete its line in app.ts: SLOs, alerts and dashboards then have nothing to go by.
import fp from 'fastify-plugin'
import type { Metrics } from '../lib/metrics.ts'

/** Seconds: 0.3 is what the latency objective counts by (monitoring/slos.json). */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 0.5, 1, 2.5, 5, 10, 30]

export const requestMetrics = fp<{ metrics: Metrics }>(
  async (app, { metrics }) => {
    const durations = metrics.histogram({
      name: 'seaworthy_http_request_duration_seconds',
      help: 'Answered requests, by operation, method and class of status; gone where the client hung up before',
      labelNames: ['operation', 'method', 'status'],
      buckets,
    })
    app.addHook('onResponse', async (request, reply) => {
      const { schema, url } = request.routeOptions
      const operation = schema?.operationId ?? (url ? 'page' : 'none')
      // 499 is what plugins/deadline.ts answers to nobody.
      const isGone = !reply.raw.writableEnded || reply.statusCode === 499
      const status = isGone ? 'gone' : `${Math.floor(reply.statusCode / 100)}xx`
      // Of what is no route the caller chooses the method.
      const method = url ? request.method : 'other'
      durations.observe({ operation, method, status }, reply.elapsedTime / 1000)
    })
  },
  { name: 'request-metrics' },
)
