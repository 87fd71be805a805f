import { expect, test } from 'vitest'
import { openSpanReceiver } from './spans.ts'

test('spans that are exported as OTLP in JSON are read, with their service, parent and attributes', async () => {
  const receiver = await openSpanReceiver()
  const span = {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    parentSpanId: 'eee19b7ec3c1b173',
    name: 'GET /v1/jobs',
    kind: 2,
    attributes: [
      { key: 'http.request.method', value: { stringValue: 'GET' } },
      { key: 'http.response.status_code', value: { intValue: '500' } },
      { key: 'sampled', value: { boolValue: true } },
    ],
    status: { code: 2 },
  }
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'seaworthy-api' } }] }
  const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] })
  expect((await fetch(`${receiver.url}/v1/traces`, { method: 'POST', body })).status).toBe(200)
  expect(receiver.spans()).toEqual([
    {
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId,
      name: 'GET /v1/jobs',
      kind: 2,
      service: 'seaworthy-api',
      attributes: { 'http.request.method': 'GET', 'http.response.status_code': 500, sampled: true },
      failed: true,
    },
  ])
  await receiver.close()
})
