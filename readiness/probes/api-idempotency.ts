// API-03: what one Idempotency-Key does to a call that is sent again, by whom, how often and when.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { deskReplays } from './api-idempotency-desk.ts'
import { moneyReplays } from './api-idempotency-money.ts'
import { mayCall, operationOf, operations, pathOf } from './routes-table.ts'
import { make, openJob } from './scene.ts'

const declared = operations.filter(({ idempotent }) => idempotent)
const newJob = () => operationOf('createJob').body?.() ?? {}
const isReplay = (answer: Answer) => answer.field('idempotent-replayed') === 'true'
const told = ({ status, text }: Answer) => `${status} ${text.slice(0, 300)}`

export async function callsAreHadOnce(context: Context): Promise<Evidence> {
  const { api, sql } = context
  const [client, rival, worker] = await Promise.all([api.as('client'), api.as('client'), api.as('worker')])
  const admin = await api.as('admin')
  const callers = { client: client.call, worker: worker.call, admin: admin.call, stranger: api.anonymous }
  for (const operation of declared) await keyIsRequired(callers, operation.id)
  await everyOperationReplays(context, { client, worker })

  const key = randomUUID()
  const body = newJob()
  const first = await client.call('POST', '/v1/jobs', { key, body })
  const other = await client.call('POST', '/v1/jobs', { key, body: { ...body, description: 'Another one.' } })
  if (other.status !== 422) red('other-body-taken', told(other))
  const foreign = await rival.call('POST', '/v1/jobs', { key, body })
  if (isReplay(foreign) || foreign.status !== 201 || foreign.text === first.text)
    red('key-shared-by-callers', told(foreign))

  const atOnce = await twentyAtOnce(client.call)
  const made = await sql.owner('SELECT FROM jobs WHERE client_id = $1 AND title = $2', [client.id, atOnce.title])
  if (made.length !== 1) red('effect-of-each-at-once', `${made.length} jobs of ${atOnce.statuses}`)

  const again = () => client.call('POST', '/v1/jobs', { key, body })
  const ageTo = (hours: number) =>
    sql.owner(
      'UPDATE idempotency_keys SET created_at = now() - make_interval(hours => $1) WHERE caller = $2 AND key = $3',
      [hours, client.id, key],
    )
  await ageTo(23)
  if (!isReplay(await again())) red('key-ends-early')
  await ageTo(25)
  const late = await again()
  if (isReplay(late) || late.status !== 201 || late.text === first.text) red('key-never-ends', told(late))
  return { operations: declared.map(({ id }) => id), statusesAtOnce: atOnce.statuses, madeAtOnce: made.length }
}

async function keyIsRequired(
  callers: Record<'client' | 'worker' | 'admin' | 'stranger', Call>,
  id: string,
): Promise<void> {
  const operation = operationOf(id)
  const who = (['stranger', 'client', 'worker', 'admin'] as const).find((each) => mayCall(operation, each))
  const call = callers[who ?? 'client']
  const body = operation.body ? { body: operation.body() } : operation.file?.()
  for (const key of [null, 'x'.repeat(256)]) {
    const answer = await call('POST', pathOf(operation), { ...body, key })
    if (answer.status !== 400 || !/"IDEMPOTENCY_KEY_(MISSING|MALFORMED)"/.test(answer.text))
      red('key-not-required', `${id}: ${told(answer)}`)
  }
}

/** Each idempotent operation of the table, sent twice with an effect, and once more as a refusal by a rule. */
async function everyOperationReplays(context: Context, parties: Record<'client' | 'worker', Person>): Promise<void> {
  const { client, worker } = parties
  const stranger = context.api.anonymous
  const tried = new Set<string>()
  const twice = async (call: Call, id: string, part?: string, given?: object) => {
    const { path, body, file } = operationOf(id)
    const options = { key: randomUUID(), ...(body && { body: given ?? body() }), ...file?.() }
    const send = () => call('POST', pathOf({ path }, part), options)
    const [once, again] = [await send(), await send()]
    if (isReplay(once)) red('replayed-at-first', `${id}: ${told(once)}`)
    if (!isReplay(again)) red('not-replayed', `${id}: ${told(again)}`)
    // A refusal carries the id of its own request.
    const same = once.status === again.status && (once.status >= 400 || once.text === again.text)
    if (!same) red('another-answer', `${id}: ${told(once)}, then ${told(again)}`)
    tried.add(id)
    return once
  }
  const did = (answer: Answer) =>
    answer.status < 300 ? answer.json<{ id: string }>() : red('cannot-set-up', told(answer))

  did(await twice(stranger, 'register'))
  for (const id of ['requestMagicLink', 'requestPasswordReset']) did(await twice(stranger, id))
  for (const id of ['requestEmailVerification', 'requestDataExport']) did(await twice(client.call, id))
  did(await twice(worker.call, 'uploadFile'))
  const { password } = client
  const change = { email: `moved-${randomUUID()}@example.com`, password }
  did(await twice(client.call, 'requestEmailChange', undefined, change))
  const { id: draft } = did(await twice(client.call, 'createJob'))
  did(await twice(client.call, 'publishJob', draft))
  if ((await twice(client.call, 'publishJob', draft)).status !== 409) red('another-answer', 'published twice')
  const { id: application } = did(await twice(worker.call, 'applyForJob', draft))
  did(await twice(client.call, 'acceptApplication', application))
  const { id: deleted } = await openJob(client.call)
  await make(client.call, 'deleteJob', { part: deleted })
  did(await twice(client.call, 'restoreJob', deleted))
  await moneyReplays(context, parties, async (...call) => did(await twice(...call)).id)
  await deskReplays(context, parties, async (...call) => did(await twice(...call)))
  const untried = declared.filter(({ id }) => !tried.has(id))
  if (untried.length > 0) throw new Error(`The probe does not try ${untried.map(({ id }) => id)}`)
}

/** One call, sent twenty times before the first answer: each has the one answer, or is told to come again. */
async function twentyAtOnce(call: Call) {
  const [key, body] = [randomUUID(), newJob()]
  const send = () => call('POST', '/v1/jobs', { key, body })
  const answers = await Promise.all(Array.from({ length: 20 }, send))
  const statuses = [...new Set(answers.map(({ status }) => status))].sort()
  // 503: nineteen may wait for a connection longer than they are let, on a busy machine.
  if (statuses.some((status) => ![201, 409, 503].includes(status))) red('refused-at-once', statuses.join())
  const bodies = new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text))
  if (bodies.size !== 1) red('effect-of-each-at-once', `${bodies.size} different answers`)
  return { title: body.title, statuses }
}
