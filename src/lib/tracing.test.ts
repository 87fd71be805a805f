import { afterEach, describe, expect, test } from 'vitest'
import { openSpanReceiver } from '../../readiness/context/spans.ts'
import { inSpan, isRecorded, SpanKind, traceIds, traceparent } from './spans.ts'
import { openTracing, type Tracing } from './tracing.ts'

const receiver = await openSpanReceiver()
const identity = { service: 'seaworthy-test', version: '1.2.3', deployment: 'test' }
const opened: Tracing[] = []
const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']

async function open(options: { endpoint?: string | undefined; ratio?: number } = {}) {
  const tracing = await openTracing({ endpoint: receiver.url, ratio: 1, ...identity, ...options })
  opened.push(tracing)
  return tracing
}

/** What the receiver has of a trace, once the last of it has left. */
async function spansOf(tracing: Tracing, id: string | undefined) {
  await tracing.close()
  return receiver.spans().filter((span) => span.traceId === id)
}

const begin = (tracing: Tracing, parent?: string) => tracing.begin({ name: 'GET', kind: SpanKind.SERVER, parent })
const nothing = () => ({})

afterEach(async () => {
  await Promise.all(opened.splice(0).map((tracing) => tracing.close()))
})

test('a unit is a span under that of its caller, with what was done in it beneath', async () => {
  const tracing = await open({ ratio: 0 })
  const unit = begin(tracing, `00-${traceId}-${spanId}-01`)
  await unit.run(() =>
    inSpan('SELECT jobs', { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } }, async () => {}),
  )
  unit.end(false, () => ({ name: 'GET /v1/jobs', attributes: { 'http.route': '/v1/jobs' } }))
  const [inner, outer] = await spansOf(tracing, traceId)
  expect(outer).toMatchObject({
    name: 'GET /v1/jobs',
    service: 'seaworthy-test',
    parentSpanId: spanId,
    attributes: { 'http.route': '/v1/jobs' },
    failed: false,
  })
  expect(inner).toMatchObject({
    name: 'SELECT jobs',
    parentSpanId: outer?.spanId,
    attributes: { 'db.system.name': 'postgresql' },
  })
})

test('an error of the work is the span’s, by its kind and without its words', async () => {
  const tracing = await open()
  const unit = begin(tracing)
  const failing = inSpanOf(unit, () =>
    Promise.reject(Object.assign(new Error('Key (email)=(ada@example.com)'), { code: '23505' })),
  )
  await expect(failing).rejects.toThrow('Key (email)')
  const id = unit.run(traceIds).trace_id
  unit.end(false, nothing)
  const [inner] = await spansOf(tracing, id)
  expect(inner).toMatchObject({ failed: true, attributes: { 'error.type': '23505' } })
  expect(JSON.stringify(inner)).not.toContain('ada@example.com')
})

const inSpanOf = (unit: ReturnType<typeof begin>, work: () => Promise<unknown>) =>
  unit.run(() => inSpan('work', {}, work))

describe('what is not recorded', () => {
  test.each([
    ['by ratio', { ratio: 0 }, undefined],
    ['since its caller said so', { ratio: 1 }, `00-${traceId}-${spanId}-00`],
    ['without a collector', { endpoint: undefined, ratio: 1 }, undefined],
  ])(
    '%s has ids for its lines, tells whoever is called that it is not, and costs no span',
    async (_why, options, parent) => {
      const tracing = await open(options)
      const before = receiver.spans().length
      const unit = begin(tracing, parent)
      const [ids, sent, recorded] = unit.run(() => [traceIds(), traceparent(), isRecorded()] as const)
      await inSpanOf(unit, async () => {})
      unit.end(false, () => expect.unreachable('nobody asks'))
      expect(ids).toEqual({
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      })
      if (parent) expect(ids.trace_id).toBe(traceId)
      expect(sent).toBe(`00-${ids.trace_id}-${ids.span_id}-00`)
      expect(recorded).toBe(false)
      await tracing.close()
      expect(receiver.spans()).toHaveLength(before)
    },
  )

  test('but is to be kept leaves its one span, with the ids that the lines have, its parent and its error', async () => {
    const tracing = await open({ ratio: 0 })
    const parent = { traceId: '1af7651916cd43dd8448eb211c80319c', spanId }
    const unit = begin(tracing, `00-${parent.traceId}-${parent.spanId}-00`)
    const ids = unit.run(traceIds)
    await inSpanOf(unit, async () => {})
    unit.end(true, () => ({ name: 'GET /v1/jobs', error: '500' }))
    const spans = await spansOf(tracing, parent.traceId)
    expect(spans).toMatchObject([
      {
        name: 'GET /v1/jobs',
        spanId: ids.span_id,
        parentSpanId: spanId,
        failed: true,
        attributes: { 'error.type': '500' },
      },
    ])
  })
})

test.each([
  '',
  'nonsense',
  `00-${'0'.repeat(32)}-${spanId}-01`,
  `00-${traceId}-${'0'.repeat(16)}-01`,
  `ff-${traceId}-${spanId}-01`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
])('what is no traceparent begins a trace: %j', async (parent) => {
  const tracing = await open({ endpoint: undefined })
  expect(begin(tracing, parent).run(traceIds).trace_id).not.toMatch(new RegExp(`^(${traceId}|0{32})$`, 'i'))
})

test('by ratio about as many are recorded, whole traces at a time', async () => {
  const tracing = await open({ ratio: 0.25 })
  const recorded = Array.from({ length: 2000 }, () => begin(tracing).run(isRecorded)).filter(Boolean).length
  expect(recorded).toBeGreaterThan(400)
  expect(recorded).toBeLessThan(600)
})

test('a collector that is away costs spans, and no more than two seconds at the end', async () => {
  const tracing = await open({ endpoint: 'http://127.0.0.1:1' })
  begin(tracing).end(false, nothing)
  const start = performance.now()
  await tracing.close()
  expect(performance.now() - start).toBeLessThan(3000)
})
