import Fastify from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { openSpanReceiver } from '../../readiness/context/spans.ts'
import { inSpan, traceIds } from '../lib/spans.ts'
import { openTracing } from '../lib/tracing.ts'
import { tracing } from './tracing.ts'

const receiver = await openSpanReceiver()
afterAll(receiver.close)
const identity = { service: 'seaworthy-test', version: '0', deployment: 'test' }
const traceId = '0af7651916cd43dd8448eb211c80319c'
const from = (flags: '00' | '01', id = traceId) => ({ traceparent: `00-${id}-b7ad6b7169203331-${flags}` })

async function open({ ratio = 0, slow = 10_000 } = {}) {
  const traces = await openTracing({ endpoint: receiver.url, ratio, ...identity })
  const app = Fastify()
  await app.register(tracing, { begin: traces.begin, slow })
  app.post('/things', { schema: { operationId: 'makeThing' } }, async ({ body }) => {
    await inSpan('work', {}, async () => {})
    if ((body as { fails?: boolean }).fails) throw Object.assign(new Error('for ada@example.com'), { code: 'E_BROKEN' })
    return traceIds()
  })
  const spansOf = async (id: string) => {
    await traces.close()
    return receiver.spans().filter((span) => span.traceId === id)
  }
  return { app, spansOf }
}

const post = (headers: Record<string, string>, payload = {}) =>
  ({ method: 'POST', url: '/things?name=ada', headers, payload }) as const

test('a request with a body is one span of its caller’s trace, and its work another beneath it', async () => {
  const { app, spansOf } = await open()
  const answer = await app.inject(post(from('01')))
  const spans = await spansOf(traceId)
  const outer = spans.find(({ name }) => name === 'POST /things')
  const inner = spans.find(({ name }) => name === 'work')
  expect(answer.json()).toEqual({ trace_id: traceId, span_id: outer?.spanId })
  expect(inner?.parentSpanId).toBe(outer?.spanId)
  expect(outer).toMatchObject({
    parentSpanId: 'b7ad6b7169203331',
    kind: 2,
    failed: false,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/things',
      'http.response.status_code': 200,
      'url.scheme': 'http',
    },
  })
  expect(JSON.stringify(spans)).not.toContain('ada')
})

test('what fails leaves one span where nothing is recorded, with the kind of its error and not its words', async () => {
  const { app, spansOf } = await open()
  const id = '1bf7651916cd43dd8448eb211c80319c'
  expect((await app.inject(post(from('00', id), { fails: true }))).statusCode).toBe(500)
  expect((await app.inject(post(from('00', id)))).statusCode).toBe(200)
  const spans = await spansOf(id)
  expect(spans).toMatchObject([{ name: 'POST /things', failed: true, attributes: { 'error.type': 'E_BROKEN' } }])
  expect(JSON.stringify(spans)).not.toContain('ada@')
})

test('so does what is slow', async () => {
  const { app, spansOf } = await open({ slow: 0 })
  const id = '2cf7651916cd43dd8448eb211c80319c'
  await app.inject(post(from('00', id)))
  expect(await spansOf(id)).toMatchObject([{ name: 'POST /things', failed: false }])
})

test('the answer says in which trace it is found, whether that is recorded or not', async () => {
  const { app } = await open()
  for (const flags of ['00', '01'] as const) {
    const { headers } = await app.inject(post(from(flags)))
    expect(headers.traceresponse).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-${flags}$`))
  }
  expect((await app.inject('/nowhere')).headers.traceresponse).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
})

test('a path that is no route is not told', async () => {
  const { app, spansOf } = await open()
  const id = '3df7651916cd43dd8448eb211c80319c'
  await app.inject({ url: '/of/ada@example.com', headers: from('01', id) })
  const spans = await spansOf(id)
  expect(spans).toMatchObject([{ name: 'GET', failed: false }])
  expect(JSON.stringify(spans)).not.toContain('ada')
})
