// OBS-12: one trace, from the field of a caller to a mail, and what others who are called are told of it.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Line } from '../../tools/process.ts'
import type { Context } from '../context/context.ts'
import type { Person, Role } from '../context/http.ts'
import type { Span } from '../context/spans.ts'
import { type Evidence, red } from '../control.ts'
import { isConfirmed, mailsTo } from './mail-scene.ts'
import { agreed } from './money-scene.ts'
import { invoke } from './scene.ts'

/** Of OTLP. */
export const spanKinds = { server: 2, client: 3, producer: 4, consumer: 5 }
const { server, client, producer, consumer } = spanKinds

/** As a caller begins one; `01` is recorded, `00` is not. */
export function newTrace(flags = '01') {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}` } }
}

/** In the order in which one leads to the next. */
const layers: [reason: string, is: (span: Span) => boolean][] = [
  ['no-server-span', ({ kind, name }) => kind === server && name === 'POST /v1/contracts/:id/funding'],
  ['no-sql-span', ({ kind, attributes }) => kind === client && attributes['db.system.name'] === 'postgresql'],
  ['no-redis-span', ({ kind, attributes }) => kind === client && attributes['db.system.name'] === 'redis'],
  ['no-outbound-span', ({ kind, attributes }) => kind === client && attributes['http.request.method'] === 'POST'],
  ['no-publish-span', ({ kind, service }) => kind === producer && service === 'seaworthy-worker'],
  ['no-consumer-span', ({ kind, attributes }) => isOf('events', kind, attributes)],
  ['no-mail-job-span', ({ kind, attributes }) => isOf('mail', kind, attributes)],
  ['no-mail-span', ({ kind, attributes }) => kind === client && attributes['network.protocol.name'] === 'smtp'],
]
const isOf = (queue: string, kind: number, attributes: Span['attributes']) =>
  kind === consumer && attributes['messaging.destination.name'] === queue

export async function oneTrace(context: Context): Promise<Evidence> {
  const { mail, payments, spans, until } = context
  // Whoever hears of its end first settles a payment, in a trace of their own: here that is the request.
  payments.sendWebhooks({ late: 3000 })
  const [hirer, worker] = [await named(context, 'client'), await named(context, 'worker')]
  await isConfirmed(context, [hirer, worker])
  const part = await agreed({ client: hirer, worker })
  const mails = () => mailsTo(mail, worker.email).length
  await until('never-mailed', () => mails() === 1)
  // A worker says nothing of what succeeds: its mail fails once.
  let refusals = 1
  mail.refuse((address) => (address === worker.email && refusals-- > 0 ? 'not just now' : undefined))

  const { traceId, spanId, headers } = newTrace()
  const requestId = `probe.${randomUUID()}`
  const answer = await invoke(hirer.call, 'fundContract', { part, headers: { ...headers, 'x-request-id': requestId } })
  if (answer.status >= 300) red('cannot-fund', `${answer.status} ${answer.text.slice(0, 200)}`)
  if (!answer.field('traceresponse')?.startsWith(`00-${traceId}-`)) red('answer-without-trace')
  const own = () => spans().filter((span) => span.traceId === traceId)
  for (const [reason, is] of layers) await until(reason, () => own().some(is), { within: 20_000 })
  await until('never-mailed', () => mails() === 2)

  await linesHaveIt(context, traceId, requestId)
  toldOutside(context, traceId, own())
  // What a person can quote leads to the trace.
  const quoted = own().find(({ attributes }) => attributes['seaworthy.request.id'] === requestId)
  if (quoted?.kind !== server) red('span-without-request-id')
  const parents = await isOneTree(context, own, spanId)
  const told = await nothingPersonal(context, [hirer, worker])
  return { spans: own().length, layers: layers.map(([reason]) => reason.slice(3)), ...parents, ...told }
}

const canaries = {
  name: randomBytes(9).toString('hex'),
  agent: randomBytes(9).toString('hex'),
  query: randomBytes(9).toString('hex'),
}

/** A person whose name stands nowhere else. */
async function named({ api }: Context, role: Role & ('client' | 'worker')): Promise<Person> {
  const [email, password] = [`canary-${randomUUID()}@example.com`, randomUUID()]
  const made = await api.anonymous('POST', '/v1/auth/register', {
    body: { email, password, name: canaries.name, role },
  })
  const signedIn = await api.anonymous('POST', '/v1/auth/login', { body: { email, password } })
  if (made.status !== 201 || signedIn.status !== 200) red('cannot-set-up', `${made.status} ${signedIn.status}`)
  const { accessToken: token } = signedIn.json<{ accessToken: string }>()
  return { call: api.withToken(token), id: String(made.json().id), email, password, token, role }
}

async function linesHaveIt({ logs, until }: Context, traceId: string, requestId: string): Promise<void> {
  const isOne = [
    ({ msg, requestId: of }: Line) => msg === 'request answered' && of === requestId,
    // No other job fails in this stack.
    ({ msg, kind }: Line) => msg === 'a job failed' && kind === 'mail.requested',
  ]
  for (const is of isOne) {
    const line = await until('no-line', () => logs.lines().find(is), { within: 5000 })
    if (line.trace_id !== traceId || !/^[0-9a-f]{16}$/.test(String(line.span_id)))
      red('line-without-trace', `${line.msg}: ${line.trace_id}`)
  }
}

/** The provider hears of which trace it is, and by which call. */
function toldOutside({ payments }: Context, traceId: string, own: Span[]): void {
  const [call] = payments.calls().filter(({ kind }) => kind === 'charge')
  const [, of, by] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(call?.traceparent ?? '') ?? []
  if (of !== traceId) red('outside-not-told', String(call?.traceparent))
  const span = own.find((each) => each.spanId === by)
  if (span?.kind !== client) red('outside-told-another-span', String(span?.name))
}

/** Every span hangs from another one, and one from that of the caller. */
async function isOneTree({ until }: Context, own: () => Span[], caller: string) {
  const roots = () => own().filter(({ parentSpanId }) => !own().some(({ spanId }) => spanId === parentSpanId))
  const isWhole = () => roots().length === 1 && roots()[0]?.parentSpanId === caller
  await until('not-one-tree', isWhole, { within: 8000 }).catch((error: Error) => {
    throw Object.assign(error, { message: `${error.message}: roots are ${roots().map(({ name }) => name)}` })
  })
  const byId = new Map(own().map((span) => [span.spanId, span]))
  const depthOf = (span: Span | undefined): number => (span ? 1 + depthOf(byId.get(span.parentSpanId)) : 0)
  return { depth: Math.max(...own().map(depthOf)), services: [...new Set(own().map(({ service }) => service))] }
}

/** Whatever was exported until now, and of reads that hold what people search for. */
async function nothingPersonal({ api, exported, spans, until }: Context, people: Person[]) {
  const { traceId, headers } = newTrace()
  const cookie = `sid=${canaries.agent}`
  const path = `/v1/jobs?q=${canaries.query}`
  await api.anonymous('GET', path, { headers: { ...headers, cookie, 'user-agent': canaries.agent } })
  await until('no-server-span', () => spans().some((span) => span.traceId === traceId && span.kind === server))
  const secrets = people.flatMap(({ email, password, token }) => [email, password, token])
  const all = exported().toLowerCase()
  const found = [...Object.entries(canaries), ...secrets.map((text): [string, string] => ['of a person', text])].find(
    ([, text]) => all.includes(text.toLowerCase()),
  )
  if (found) red('personal-data', `${found[0]}: ${around(all, found[1])}`)
  return { searchedFor: secrets.length + Object.keys(canaries).length, exportedKB: Math.round(all.length / 1000) }
}

/** What stands before it. */
function around(all: string, text: string): string {
  const at = all.indexOf(text.toLowerCase())
  return all.slice(Math.max(0, at - 80), at)
}
