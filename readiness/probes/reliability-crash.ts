// kill -9 of the API in the middle of an acceptance and under load, and what the rows say afterwards.
import { randomUUID } from 'node:crypto'
import { agree, createCaller, join } from '../../tools/journey.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { settlesAfterKill } from './money-whole.ts'
import { accept, apply, count, kill, openJob, outcome } from './reliability-scene.ts'

const journeys = 4
const accepted = "applications.status = 'accepted'"
const contract = 'SELECT FROM contracts WHERE contracts.application_id = applications.id'
const event = (kind: string) =>
  `SELECT FROM outbox WHERE kind = '${kind}' AND aggregate = 'application:' || applications.id`
const record = (action: string) => `SELECT FROM audit_log WHERE action = '${action}' AND object_id = applications.id`

/** Rows that can't be there when every change is kept whole or not at all. */
const impossible: [reason: string, query: string][] = [
  ['half-done', `SELECT FROM applications WHERE ${accepted} AND NOT EXISTS (${contract})`],
  ['half-done', `SELECT FROM applications WHERE NOT ${accepted} AND EXISTS (${contract})`],
  ['half-done', "SELECT FROM contracts JOIN jobs ON jobs.id = job_id WHERE jobs.status <> 'closed'"],
  [
    'half-done',
    "SELECT FROM jobs WHERE status = 'closed' AND NOT EXISTS (SELECT FROM contracts WHERE job_id = jobs.id)",
  ],
  ['change-without-event', `SELECT FROM applications WHERE NOT EXISTS (${event('application.submitted')})`],
  [
    'change-without-event',
    `SELECT FROM applications WHERE ${accepted} AND NOT EXISTS (${event('application.accepted')})`,
  ],
  [
    'event-without-change',
    `SELECT FROM applications WHERE NOT ${accepted} AND EXISTS (${event('application.accepted')})`,
  ],
  [
    'event-without-change',
    "SELECT FROM outbox WHERE aggregate LIKE 'application:%' AND NOT EXISTS (SELECT FROM applications WHERE aggregate = 'application:' || applications.id)",
  ],
  ['change-without-record', `SELECT FROM applications WHERE NOT EXISTS (${record('application.submitted')})`],
  [
    'change-without-record',
    `SELECT FROM applications WHERE ${accepted} AND NOT EXISTS (${record('application.accepted')})`,
  ],
  [
    'change-without-record',
    "SELECT FROM jobs WHERE NOT EXISTS (SELECT FROM audit_log WHERE action = 'job.created' AND object_id = jobs.id)",
  ],
  [
    'record-without-change',
    `SELECT FROM applications WHERE NOT ${accepted} AND EXISTS (${record('application.accepted')})`,
  ],
  [
    'record-without-change',
    "SELECT FROM audit_log WHERE object_type = 'job' AND NOT EXISTS (SELECT FROM jobs WHERE jobs.id = object_id)",
  ],
  ['done-twice', 'SELECT FROM contracts GROUP BY application_id HAVING count(*) > 1'],
  ['done-twice', 'SELECT FROM outbox GROUP BY aggregate, kind HAVING count(*) > 1'],
  ['done-twice', 'SELECT FROM audit_log GROUP BY action, object_id HAVING count(*) > 1'],
]

export async function leavesNothingHalfDone(context: Context): Promise<Evidence> {
  const { server, startApi, sql, until, apiAt } = context
  const scene = await openJob(context)
  const applicationId = await apply(scene)

  // The acceptance stands still with its first changes made, and beside it the journeys that get as far as an event.
  const held = await sql.hold('outbox')
  const key = randomUUID()
  const cutOff = outcome(accept(scene, applicationId, { key }))
  await until('not-under-way', async () => (await held.waiting()) === 1)
  const playing = playJourneys(server.url)
  await until('no-load', async () => (await held.waiting()) > 2)
  const transactionsCutOff = await held.waiting()
  await kill(server)
  await cutOff
  await held.release()
  await until('connections-stay', async () => (await sessions(context)) === 0)
  const faults = await findFaults(context)

  // Also where something is wrong, so that the journeys come to their end.
  const again = await startApi({ PORT: new URL(server.url).port })
  const client = { ...scene.client, call: apiAt(again.url).withToken(scene.client.token) }
  const repeated = await accept({ client }, applicationId, { key })
  const replayed = await accept({ client }, applicationId, { key })
  const ends = await playing
  refuse(faults)
  if (repeated.status !== 201) red('repetition-refused', `${repeated.status} ${repeated.text.slice(0, 200)}`)
  if (replayed.text !== repeated.text) red('repetition-differs', replayed.text.slice(0, 200))
  for (const end of ends) if (end.status === 'rejected') red('journey-lost', String(end.reason))
  refuse(await findFaults(context))
  const made = await count(context, 'SELECT count(*) FROM contracts')
  const settled = await settlesAfterKill(context, again)
  if (made !== journeys + 1) red('done-twice', `${made} contracts of ${journeys + 1} acceptances`)
  return { transactionsCutOff, contracts: made, repeated: repeated.status, invariants: impossible.length, ...settled }
}

/** Several people's journeys at once; each repeats what is not answered, under the same key. Never rejects. */
function playJourneys(url: string) {
  const call = createCaller(url, 60_000)
  const play = async () => agree(call, ...(await Promise.all([join(call, 'client'), join(call, 'worker')])))
  return Promise.allSettled(Array.from({ length: journeys }, play))
}

const sessions = (context: Context) =>
  count(
    context,
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'seaworthy_service'",
  )

type Fault = { reason: string; detail: string }

async function findFaults(context: Context): Promise<Fault[]> {
  const faults: Fault[] = []
  for (const [reason, query] of impossible) {
    const rows = await count(context, `SELECT count(*) FROM (${query}) AS rows`)
    if (rows > 0) faults.push({ reason, detail: `${rows} rows of ${query}` })
  }
  return faults
}

function refuse([first]: Fault[]): void {
  if (first) red(first.reason, first.detail)
}
