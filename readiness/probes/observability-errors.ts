// OBS-14: what is reported of an error that nobody foresaw, here a row that the database refuses and a mail that is refused for good.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { ErrorEvent } from '../context/error-receiver.ts'
import type { Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { accept, apply, openJob } from './data-journey.ts'
import { isConfirmed } from './mail-scene.ts'
import { newTrace } from './observability-traces.ts'
import { invoke } from './scene.ts'

/** A job that fails is a dead letter at once. */
export const oneTry = { QUEUE_ATTEMPTS: '1', OUTBOX_RETRY_MS: '60000' }

const word = () => `canary${randomBytes(9).toString('hex')}`

export async function errorsAreReported(context: Context): Promise<Evidence> {
  const { api, errors, newcomer, until } = context
  const [client, worker] = [await api.as('client'), await api.as('worker')]
  await isConfirmed(context, [client, worker])
  const canaries = {
    title: word(),
    text: word(),
    query: word(),
    agent: word(),
    cookie: word(),
    card: `4111${randomUUID()}`,
  }
  await refusalsAreNot(newcomer().call, client, canaries.query)

  await using failing = new AsyncDisposableStack()
  failing.defer(await refuseRowsWith(context, canaries.title))
  const first = await fail(client.call, canaries)
  const event = await until('no-event', () => eventOf(context, first.id), { within: 8000 })
  tells(event, context, 'seaworthy-api')
  if (event.user?.id !== client.id || Object.keys(event.user).length !== 1)
    red('event-without-user', JSON.stringify(event.user))
  if (event.tags?.operation !== 'createJob') red('event-without-operation', JSON.stringify(event.tags))
  if (event.contexts?.trace?.trace_id !== first.trace) red('event-without-trace', JSON.stringify(event.contexts))

  const job = await deadJob(context, client, worker)
  await nobodyIsCalledWithoutDsn(context, client, canaries)
  // It arrives after whatever the first one could still have sent.
  const last = await fail(client.call, canaries)
  await until('no-event', () => eventOf(context, last.id), { within: 8000 })
  if (errors.events().filter(({ tags }) => tags?.requestId === first.id).length !== 1) red('reported-twice')
  const known = [first.id, last.id, job.tags?.requestId]
  const other = errors.events().find(({ tags }) => !known.includes(tags?.requestId))
  if (other) red('refusal-reported', JSON.stringify(other.exception?.values?.[0]?.value))
  const people = [client, worker].flatMap(({ email, password, token }) => [email, password, token])
  nothingPersonal(errors.said(), {
    ...canaries,
    ...Object.fromEntries(people.map((text, at) => [`of a person ${at}`, text])),
  })
  return {
    release: String(event.release),
    environment: String(event.environment),
    error: String(event.exception?.values?.[0]?.type),
    frames: event.exception?.values?.[0]?.stacktrace?.frames?.length ?? 0,
    job: String(job.exception?.values?.[0]?.value),
    events: errors.events().length,
  }
}

const eventOf = ({ errors }: Context, requestId: string) =>
  errors.events().find(({ tags }) => tags?.requestId === requestId)

/** From now on the database takes no job of that title. Answers what undoes it. */
async function refuseRowsWith({ sql }: Context, title: string): Promise<() => Promise<void>> {
  const name = `probe_${randomBytes(4).toString('hex')}`
  await sql.owner(`ALTER TABLE jobs ADD CONSTRAINT ${name} CHECK (title <> '${title}') NOT VALID`)
  return async () => {
    await sql.owner(`ALTER TABLE jobs DROP CONSTRAINT ${name}`)
  }
}

/** A 500, with something private in each part of the request. */
async function fail(call: Call, canaries: Record<string, string>) {
  const { title, text, agent, cookie, card } = canaries
  const [id, { traceId, headers }] = [`probe.${randomUUID()}`, newTrace('00')]
  const fields = { ...headers, 'x-request-id': id, 'user-agent': `${agent}`, cookie: `sid=${cookie}` }
  const budget = { amount: 9000, currency: 'EUR' }
  const body = { title, description: `${text} ${card}`, category: 'operations', budget }
  const { status, text: said } = await call('POST', '/v1/jobs', { body, headers: fields })
  if (status !== 500) red('did-not-fail', `${status} ${said.slice(0, 300)}`)
  return { id, trace: traceId }
}

/** What a caller does wrong is no error of the service. */
async function refusalsAreNot(call: Call, person: Person, query: string): Promise<void> {
  await call('GET', `/v1/nowhere?token=${query}`)
  await call('GET', `/v1/jobs?token=${query}`)
  await call('GET', '/v1/me')
  await call('POST', '/v1/jobs', { raw: '{' })
  await invoke(call, 'logIn')
  await person.call('POST', '/v1/jobs', { body: { title: 'x' } })
  await person.call('GET', `/v1/applications/${randomUUID()}`)
}

function tells({ release, environment, tags, exception }: ErrorEvent, { env }: Context, service: string): void {
  if (!/^seaworthy@\d+\.\d+\.\d+/.test(release ?? '')) red('event-without-release', String(release))
  if (environment !== env.DEPLOYMENT) red('event-without-environment', String(environment))
  if (tags?.service !== service) red('event-without-service', JSON.stringify(tags))
  const [error] = exception?.values ?? []
  if (!error?.type || !error.stacktrace?.frames?.length) red('event-without-error', JSON.stringify(error).slice(0, 200))
}

/** A mail to somebody whom the mail server does not know: its event is laid aside. */
async function deadJob(context: Context, client: Person, worker: Person): Promise<ErrorEvent> {
  const { errors, mail, until } = context
  mail.refuse((address) => (address === worker.email ? `nobody is called <${address}> here` : undefined))
  const [requestId, { traceId, headers }] = [`probe.${randomUUID()}`, newTrace('00')]
  const application = await apply(worker, await openJob(client))
  const fields = { ...headers, 'x-request-id': requestId }
  await accept(
    { call: (method, path, options) => client.call(method, path, { ...options, headers: fields }) },
    application,
  )
  const event = await until('no-event-of-the-job', () => eventOf(context, requestId), { within: 15_000 })
  tells(event, context, 'seaworthy-worker')
  if (!event.tags?.eventId) red('event-without-id', JSON.stringify(event.tags))
  if (event.contexts?.trace?.trace_id !== traceId) red('job-without-trace', JSON.stringify(event.contexts))
  const all = errors.events().filter(({ tags }) => tags?.requestId === requestId)
  if (all.length !== 1) red('reported-twice', `${all.length} of one job`)
  return event
}

async function nobodyIsCalledWithoutDsn(
  context: Context,
  person: Person,
  canaries: Record<string, string>,
): Promise<void> {
  const { apiAt, errors, startApi } = context
  const quiet = await startApi({ SENTRY_DSN: '' })
  const { id } = await fail(apiAt(quiet.url).withToken(person.token), canaries)
  const failed = () => quiet.lines().some(({ msg, requestId }) => msg === 'request failed' && requestId === id)
  await context.until('no-line', failed)
  // The last words of a process that ends would be sent by now.
  quiet.child.kill('SIGTERM')
  await quiet.ended
  if (errors.events().some(({ tags }) => tags?.requestId === id)) red('called-without-dsn')
}

function nothingPersonal(said: string, secrets: Record<string, string>): void {
  const all = said.toLowerCase()
  for (const [name, text] of Object.entries(secrets)) {
    const at = all.indexOf(text.toLowerCase())
    if (at >= 0) red('personal-data', `${name} after ${said.slice(Math.max(0, at - 80), at)}`)
  }
  // Callers call from other addresses of this machine than the receiver's.
  const address = /"ip_address"|\b127\.(?!0\.0\.1\b)\d+\.\d+\.\d+/.exec(said)
  if (address) red('personal-data', `an address: ${address[0]}`)
}
