// OBS-06: one request id, asked of the store; then a store and a shipper that are away while a file is rotated.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Line } from '../../tools/process.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { openLogStore } from './log-store.ts'
import { make, openJob } from './scene.ts'

type Place = Awaited<ReturnType<typeof openLogStore>>
/** What the path from a request to the store may take: the files are looked through every two seconds. */
const within = 20_000
/** Bytes of a part of the log, and those that are missing to it when the API starts: a hundred lines. */
const [full, room] = [10 * 1_048_576, 60_000]
const [most, after] = [1000, 30]

export async function linesAreFound(context: Context): Promise<Evidence> {
  const place = await openLogStore(context)
  writeFileSync(join(place.folderOf('logs'), 'api.1.log'), `${'x'.repeat(1023)}\n`.repeat((full - room) / 1024))
  await place.startStore()
  await place.startShipper()
  const [api] = await Promise.all([
    context.startApi({ LOG_FILE: place.logFileOf('api') }),
    context.startWorker({ LOG_FILE: place.logFileOf('worker') }),
  ])
  const followed = await oneIdFindsAll(context, place, api.url)
  const statuses = await refusedAndFailedAreFound(context, place, api.url)
  const kept = await nothingIsLost(context, place, api.url)
  const all = JSON.stringify(await place.find('service:*'))
  for (const secret of followed.secrets) if (all.includes(secret)) red('secret-in-store')
  return { ...followed.seen, ...statuses, ...kept }
}

const answered = ({ _msg }: Line) => _msg === 'request answered'
const byId = (id: string) => `requestId:="${id}"`

/** An acceptance is told by a job, which asks for a mail; the mail fails, and the worker says so. */
async function oneIdFindsAll({ apiAt, mail, until }: Context, { find }: Place, url: string) {
  const { as } = apiAt(url)
  const [client, worker] = await Promise.all([as('client'), as('worker')])
  mail.refuse((address) => (address === worker.email ? 'nobody of that name' : undefined))
  const job = await openJob(client.call)
  const { id: application } = await make(worker.call, 'applyForJob', { part: job.id })
  const id = `probe.${randomUUID()}`
  await make(client.call, 'acceptApplication', { part: application, headers: { 'x-request-id': id } })

  const request = await until('request-not-found', async () => (await find(byId(id))).find(answered), { within })
  const failed = ({ _msg }: Line) => _msg === 'a job failed'
  const task = await until('job-not-found', async () => (await find(byId(id))).find(failed), { within })
  const [services, traces] = [
    [String(request.service), String(task.service)],
    [request.trace_id, task.trace_id],
  ]
  if (services[0] === services[1]) red('service-not-told', services.join())
  if (!/^2\d\d$/.test(String(request.status)) || request.operation !== 'acceptApplication')
    red('outcome-not-told', JSON.stringify(request))
  if (!String(request.route).includes('/:id/')) red('route-not-told', String(request.route))
  if (!/^[0-9a-f]{32}$/.test(String(traces[0])) || traces[0] !== traces[1]) red('trace-not-told', traces.join())
  const secrets = [client, worker].flatMap(({ password, token, email }) => [password, token, email])
  return { secrets, seen: { services, status: Number(request.status), route: String(request.route) } }
}

async function refusedAndFailedAreFound({ apiAt, link, until }: Context, { find }: Place, url: string) {
  const { anonymous } = apiAt(url)
  const seen: number[] = []
  const look = async (reason: string, least: number, path: string, body: object) => {
    const id = `probe.${randomUUID()}`
    const { status } = await anonymous('POST', path, { headers: { 'x-request-id': id }, body })
    if (status < least) red('cannot-set-up', `${path}: ${status}`)
    const line = await until(reason, async () => (await find(byId(id))).find(answered), { within })
    if (line.status !== String(status)) red(reason, JSON.stringify(line))
    seen.push(status)
  }
  await look('refusal-not-found', 400, '/v1/jobs', {})
  await link.cut()
  await look('failure-not-found', 500, '/v1/auth/login', { email: 'a@example.com', password: randomUUID() }).finally(
    () => link.mend(),
  )
  return { otherStatuses: seen }
}

/** The store is away, then the shipper too; meanwhile a part of the log is full. Both come back. */
async function nothingIsLost({ apiAt, until }: Context, place: Place, url: string) {
  const { anonymous } = apiAt(url)
  const part = (number: number) => join(place.folderOf('logs'), `api.${number}.log`)
  if (existsSync(part(2))) red('cannot-set-up', 'the log was rotated too early')
  const prefix = `away.${randomUUID()}`
  let sent = 0
  const send = async () => {
    await anonymous('GET', `/v1/slugs/${randomUUID()}`, { headers: { 'x-request-id': `${prefix}.${sent}` } })
    sent += 1
  }
  await place.stop('victoria-logs')
  while (!existsSync(part(2)) && sent < most) await send()
  for (const end = sent + after; sent < end; ) await send()
  await place.stop('vlagent')
  for (const end = sent + after; sent < end; ) await send()
  await place.startShipper()
  await place.startStore()

  const found = async () => (await place.find(`requestId:="${prefix}"*`)).filter(answered)
  const count = async () => new Set((await found()).map(({ requestId }) => requestId)).size
  await until('lines-lost', async () => (await count()) >= sent, { within: 2 * within })
  // What comes twice would come before what is written now.
  await send()
  await until('lines-lost', async () => (await count()) >= sent, { within })
  const lines = (await found()).length
  if (lines !== sent) red('lines-doubled', `${lines} of ${sent}`)
  const [older = 0, newer = 0] = [1, 2].map((number) => readFileSync(part(number), 'utf8').split(prefix).length - 1)
  if (older === 0 || newer === 0) red('cannot-set-up', 'the log was not rotated meanwhile')
  return { whileAway: sent, beforeRotation: older, afterRotation: newer, found: lines }
}
