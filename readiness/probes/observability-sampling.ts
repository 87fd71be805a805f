// OBS-13: which traces are recorded, whole or not at all, and the one span of an unrecorded request that fails or is slow.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../context/context.ts'
import type { Call } from '../context/http.ts'
import type { Span } from '../context/spans.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { newTrace, spanKinds } from './observability-traces.ts'
import { invoke } from './scene.ts'

/** A fifth of the traces, and a request is slow when it can be seen to be. */
export const fifth = { TRACE_RATIO: '0.2', SLOW_REQUEST_MS: '1500' }
const [asked, decided, slow] = [200, 40, 1700]

type Ids = { trace: string; span: string }
const newId = () => `probe.${randomUUID()}`

export async function tracesAreChosen(context: Context): Promise<Evidence> {
  const { api, startApi, apiAt } = context
  const unrecorded = await startApi({ TRACE_RATIO: '0' })
  const share = await byRatio(context, context.server, api.anonymous)
  await callersDecide(context, unrecorded)
  const { token } = await api.as('client')
  const failed = await failuresLeaveOne(context, unrecorded)
  const late = await slowOnesLeaveOne(context, unrecorded, apiAt(unrecorded.url).withToken(token))
  return { asked, recorded: share, decidedByCallers: decided, failed, slow: late }
}

/** The ids that the lines of requests have, in the order of these. */
async function idsOf({ until }: Pick<Context, 'until'>, door: Door, requestIds: string[]): Promise<Ids[]> {
  return until('no-line', () => {
    const lines = door.lines().filter(({ msg }) => msg === 'request answered')
    const byId = new Map(lines.map((line) => [line.requestId, line]))
    const found = requestIds.map((id) => byId.get(id)).filter((line) => line !== undefined)
    return found.length === requestIds.length && found.map(idsIn)
  })
}

function idsIn({ trace_id: trace, span_id: span, ...line }: Record<string, unknown>): Ids {
  if (typeof trace !== 'string' || typeof span !== 'string')
    red('line-without-trace', JSON.stringify(line).slice(0, 300))
  return { trace, span }
}

/** Spans leave in the order in which they end: what ended before this one, which is recorded, has left. */
async function allHaveLeft({ spans, until }: Context, call: Call): Promise<void> {
  const { traceId, headers } = newTrace()
  await call('GET', '/health/live', { headers })
  await until('parent-not-respected', () => spans().some((span) => span.traceId === traceId), { within: 8000 })
}

const isServer = ({ kind }: Span) => kind === spanKinds.server
const isSql = ({ attributes }: Span) => attributes['db.system.name'] === 'postgresql'

async function byRatio(context: Context, door: Door, call: Call): Promise<number> {
  const ids = Array.from({ length: asked }, newId)
  const left = [...ids]
  const lane = async () => {
    for (let id = left.pop(); id; id = left.pop())
      await call('GET', `/v1/jobs/${randomUUID()}`, { headers: { 'x-request-id': id } })
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  const traces = await idsOf(context, door, ids)
  await allHaveLeft(context, call)
  const byTrace = Map.groupBy(context.spans(), ({ traceId }) => traceId)
  const whole = traces.filter(({ trace }) => byTrace.has(trace))
  // The mean is 40 and the deviation 5.7: outside of these it is less than once in a million.
  if (whole.length < 12 || whole.length > 72) red('not-by-ratio', `${whole.length} of ${asked}`)
  for (const { trace } of whole) {
    const own = byTrace.get(trace) ?? []
    if (own.filter(isServer).length !== 1 || !own.some(isSql))
      red('trace-in-pieces', own.map(({ name }) => name).join())
  }
  return whole.length
}

/** Where nothing is recorded by ratio what a caller records is, and where some is, what a caller does not record is not. */
async function callersDecide(context: Context, unrecorded: Door): Promise<void> {
  const { api, apiAt, spans } = context
  const of = async (call: Call, flags: string, count: number) => {
    const traces = Array.from({ length: count }, () => newTrace(flags))
    for (const { headers } of traces) await call('GET', `/v1/jobs/${randomUUID()}`, { headers })
    await allHaveLeft(context, call)
    return traces.map(({ traceId, spanId }) => ({ spanId, own: spans().filter((span) => span.traceId === traceId) }))
  }
  for (const { own, spanId } of await of(apiAt(unrecorded.url).anonymous, '01', 5)) {
    const [root] = own.filter(isServer)
    if (root?.parentSpanId !== spanId || !own.some(isSql))
      red('parent-not-respected', 'recorded by its caller, not here')
  }
  const spared = await of(api.anonymous, '00', decided)
  if (spared.some(({ own }) => own.length > 0)) red('parent-not-respected', 'not recorded by its caller, but here')
}

/** With and without a caller that has a trace, while the database is away. */
async function failuresLeaveOne(context: Context, door: Door): Promise<string> {
  const { apiAt, link, until } = context
  const { anonymous } = apiAt(door.url)
  const callers = [newTrace('00'), undefined].map((trace) => ({ id: newId(), trace }))
  await link.cut()
  const statuses: number[] = []
  for (const { id, trace } of callers) {
    const answer = await invoke(anonymous, 'logIn', { headers: { 'x-request-id': id, ...trace?.headers } })
    statuses.push(answer.status)
  }
  await link.mend()
  if (statuses.some((status) => status < 500)) red('did-not-fail', statuses.join())
  await until('does-not-return', async () => (await anonymous('GET', '/health/ready')).status === 200)
  for (const { id, trace } of callers) {
    const span = await theOneSpan(context, door, id, 'failure-without-span', trace)
    if (!span.failed || !span.attributes['error.type']) red('failure-not-told', span.name)
  }
  return statuses.join()
}

async function slowOnesLeaveOne(context: Context, door: Door, call: Call): Promise<string> {
  const { sql, until } = context
  const [id, trace] = [newId(), newTrace('00')]
  const held = await sql.hold('users')
  const answer = call('GET', '/v1/me', { headers: { 'x-request-id': id, ...trace.headers } })
  await until('never-waits', async () => (await held.waiting()) > 0)
  await delay(slow)
  await held.release()
  const { status } = await answer
  const span = await theOneSpan(context, door, id, 'slow-without-span', trace)
  if (span.failed) red('slow-told-as-failure')
  return `${status} after ${slow} ms`
}

/** With the ids of the log line, under the span of the caller, and nothing beneath it. */
async function theOneSpan(
  context: Context,
  door: Door,
  requestId: string,
  reason: string,
  caller: ReturnType<typeof newTrace> | undefined,
): Promise<Span> {
  const { spans, until, apiAt } = context
  const [line = { trace: '', span: '' }] = await idsOf(context, door, [requestId])
  if (caller && line.trace !== caller.traceId) red('other-ids', 'the line is not of the trace of its caller')
  const own = () =>
    spans().filter(
      ({ traceId, attributes }) => traceId === line.trace || attributes['seaworthy.request.id'] === requestId,
    )
  const span = await until(reason, () => own().find(isServer), { within: 5000 })
  await allHaveLeft(context, apiAt(door.url).anonymous)
  if (own().length !== 1)
    red(
      'more-than-one-span',
      own()
        .map(({ name }) => name)
        .join(),
    )
  if (span.traceId !== line.trace || span.spanId !== line.span) red('other-ids', 'the span has not those of the line')
  if (span.parentSpanId !== (caller?.spanId ?? '')) red('parent-lost', span.parentSpanId)
  return span
}
