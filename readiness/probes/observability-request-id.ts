// OBS-02: one id, from the caller's field to the log line of a job that the request set in motion.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { callRaw } from './api-raw-call.ts'
import { hiddenPages, operations, pathOf } from './routes-table.ts'
import { make, openJob } from './scene.ts'

const wellFormed = /^[A-Za-z0-9._-]{8,64}$/
const malformed = [
  'short',
  'x'.repeat(65),
  'has a space in it',
  'forged"}{"level":"fatal',
  'semi;colon;text',
  'übergroß-id',
]

const newId = () => `probe.${randomUUID()}`
const idOf = (answer: Answer) => answer.field('x-request-id') ?? red('answer-without-id', answer.text.slice(0, 200))

type Get = (path: string, options?: { headers: Record<string, string> }) => Promise<Answer>

/** A well-formed id comes back, anything else is replaced, and where there is none one is made. Only reads. */
export async function idIsTakenOrMade(get: Get): Promise<Evidence> {
  const asked = async (id: string) => idOf(await get('/health/live', { headers: { 'x-request-id': id } }))
  const ids = [newId(), 'A-well.formed_id', 'x'.repeat(64), '12345678']
  for (const id of ids) if ((await asked(id)) !== id) red('id-not-taken', id)
  for (const id of malformed) {
    const given = await asked(id)
    if (given === id || !wellFormed.test(given)) red('forged-id-taken', id)
  }
  const made = await Promise.all(Array.from({ length: 5 }, () => get('/health/live').then(idOf)))
  if (new Set(made).size < 5 || !made.every((id) => wellFormed.test(id))) red('made-ids-repeat', made.join())
  return { taken: ids.length, replaced: malformed.length, made: made.length }
}

export async function idGoesEverywhere(context: Context): Promise<Evidence> {
  const { anonymous, url } = context.api
  const echo = await idIsTakenOrMade((path, options) => anonymous('GET', path, options))
  const statuses = await everyAnswerHasIt(anonymous)
  const broken = await callRaw(url, 'NOT HTTP AT ALL\r\n\r\n')
  if (broken.field('x-request-id') === undefined) red('answer-without-id', 'a malformed request')
  if (broken.json().requestId !== broken.field('x-request-id')) red('error-without-id', 'a malformed request')
  await ownLineHasIt(context)
  return { ...echo, answers: statuses.length, statuses: [...new Set(statuses)].sort(), ...(await jobsHaveIt(context)) }
}

/** Whatever the answer is: each operation as a stranger calls it, the pages, and routes that there are none. */
async function everyAnswerHasIt(call: Call): Promise<number[]> {
  const pages = [...hiddenPages, '/v1/nowhere', '/v1/%zz', `/v1/jobs?q=${'x'.repeat(3000)}`]
  const calls = [
    ...operations.map((operation) => ({ ...operation, path: pathOf(operation) })),
    ...pages.map((path) => ({ method: 'GET', path, body: undefined })),
  ]
  const statuses: number[] = []
  for (const { method, path, body } of calls) {
    const id = newId()
    const answer = await call(method, path, { headers: { 'x-request-id': id }, ...(body && { body: body() }) })
    if (idOf(answer) !== id) red('answer-without-id', `${method} ${path}`)
    if (answer.field('content-type')?.includes('problem+json') && answer.json().requestId !== id)
      red('error-without-id', `${method} ${path}`)
    statuses.push(answer.status)
  }
  return statuses
}

async function ownLineHasIt({ api, logs, until }: Context): Promise<void> {
  const id = newId()
  const path = `/v1/slugs/${randomUUID()}`
  await api.anonymous('GET', path, { headers: { 'x-request-id': id } })
  const line = await until('no-line-of-the-request', () => logs.lines().find((each) => each.path === path))
  if (line.requestId !== id) red('line-without-id', JSON.stringify(line))
}

/** An acceptance is told by a job, which asks for a mail; the mail's own job fails, and says so. */
async function jobsHaveIt({ api, sql, mail, logs, until }: Context): Promise<Evidence> {
  const [client, worker] = await Promise.all([api.as('client'), api.as('worker')])
  mail.refuse((address) => (address === worker.email ? 'nobody of that name' : undefined))
  const job = await openJob(client.call)
  const { id: application } = await make(worker.call, 'applyForJob', { part: job.id })
  const id = newId()
  await make(client.call, 'acceptApplication', { part: application, headers: { 'x-request-id': id } })

  const events = await sql.owner<{ kind: string; requestId: string }>(
    `SELECT kind, request_id AS "requestId" FROM outbox WHERE kind = 'application.accepted' AND payload ->> 'applicationId' = $1`,
    [application],
  )
  if (events[0]?.requestId !== id) red('event-without-id', JSON.stringify(events))
  const trail = await sql.owner('SELECT action FROM audit_log WHERE request_id = $1', [id])
  if (trail.length === 0) red('audit-without-id')

  const mails = () =>
    sql.owner<{ id: string; requestId: string }>(
      `SELECT outbox.id, request_id AS "requestId" FROM outbox
       JOIN notifications ON notifications.id = (payload ->> 'notificationId')::uuid
       WHERE outbox.kind = 'mail.requested' AND user_id = $1`,
      [worker.id],
    )
  const asked = await until('no-mail-asked-for', async () => (await mails())[0], { within: 20_000 })
  if (asked.requestId !== id) red('job-has-another-id', 'the event that a job added')
  const failed = () => logs.lines().find(({ msg, eventId }) => msg === 'a job failed' && eventId === asked.id)
  const line = await until('no-line-of-the-job', failed, { within: 20_000 })
  if (line.requestId !== id) red('job-has-another-id', 'the line of a job')
  return { service: String(line.service), auditRows: trail.length }
}
