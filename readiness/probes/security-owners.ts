// SEC-13: what belongs to someone is not there for anyone else, for every route with an object in its path, and for every list.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { agreed, earned, fund, funded } from './money-scene.ts'
import { operationOf } from './routes-table.ts'
import { invoke, make, openJob, readDocument } from './scene.ts'

type Scene = Awaited<ReturnType<typeof setScene>>
/** One object, who has no business with it, and whose it is: `owner` has to succeed where the others met 404. */
type Case = { id: string; part: string; others: Person[]; owner: Person }

export async function othersMeetNothing(context: Context): Promise<Evidence> {
  const { api, sql } = context
  const scene = await setScene(context)
  const cases = casesOf(scene)
  const { operations } = await readDocument((path) => api.anonymous('GET', path))
  const routes = operations.filter(({ parameters = [] }) => parameters.some((parameter) => parameter.in === 'path'))
  // A slug is public; that of a draft must not lead to it. Switches and flags are nobody's, and accounts the staff's, as SEC-12 has it.
  const staffs = ['turnOnSwitch', 'turnOffSwitch', 'changeFlag', 'getUser', 'getUserFlags']
  const accounts = ['blockUser', 'unblockUser', 'changeRole']
  const desk = ['resolveDispute', 'redriveDeadLetter', 'resetBreaker']
  // What is said of someone is public, too.
  const known = new Set(['getSlug', 'listUserReviews', ...staffs, ...accounts, ...desk, ...cases.map(({ id }) => id)])
  for (const { operationId, route } of routes) if (!known.has(operationId)) red('object-route-unknown', route)

  const before = await rowsOf(sql, scene)
  let tried = 0
  for (const { id, part, others } of cases) {
    for (const { call, role } of others) {
      await meetsNothing(call, id, part, role)
      tried++
    }
  }
  await listsLeaveOut(scene, api.anonymous)
  await draftStaysHidden(scene, api.anonymous)
  if ((await rowsOf(sql, scene)) !== before) red('changed-by-another')

  for (const { id, part, owner } of cases) {
    const { status } = await invoke(owner.call, id, { part, headers: ifMatch })
    if (status >= 300) red('owner-refused', `${owner.role}, ${id}: ${status}`)
  }
  return { objectRoutes: routes.length, triedByOthers: tried, answeredWith: 404, rowsChanged: 0 }
}

/** The version of what nobody has changed yet. */
const ifMatch = { 'if-match': '"1"' }

async function meetsNothing(call: Call, id: string, part: string, role: string): Promise<void> {
  const { status } = await invoke(call, id, { part, headers: ifMatch })
  if (status === 404) return
  const reads = operationOf(id).method === 'GET'
  red(reads ? 'shown-to-another' : 'done-for-another', `${role}, ${id}: ${status}`)
}

/** Two clients, two workers and support; of the first client a job in every state, and what came of them. */
async function setScene(context: Context) {
  const { api, sql, until } = context
  const [client, rival, worker, other, support] = await Promise.all([
    api.as('client'),
    api.as('client'),
    api.as('worker'),
    api.as('worker'),
    api.as('support'),
  ])
  const [draft, open, closing, deleted, taken] = await Promise.all([
    make(client.call, 'createJob'),
    openJob(client.call),
    openJob(client.call),
    make(client.call, 'createJob'),
    openJob(client.call),
  ])
  await make(client.call, 'deleteJob', { part: deleted.id })
  const chosen = await make(worker.call, 'applyForJob', { part: taken.id })
  const [contract, application, withdrawn] = await Promise.all([
    make(client.call, 'acceptApplication', { part: chosen.id }),
    make(worker.call, 'applyForJob', { part: open.id }),
    make(other.call, 'applyForJob', { part: open.id }),
  ])
  const [notification] = await sql.owner<{ id: string }>(
    `INSERT INTO notifications (user_id, event_id, kind, data)
     VALUES ($1, $2, 'application.submitted', $3) RETURNING id`,
    [client.id, randomUUID(), { text: 'Someone applied.', jobId: open.id }],
  )
  const dataExport = await exportOf(client.call, until)
  const upload = await make(client.call, 'uploadFile')
  const both = { client, worker }
  const [unpaid, paid, charged] = await Promise.all([agreed(both), funded(both), agreed(both)])
  const over = await earned(context, both)
  const payment = (await fund(both, charged)).json<{ id: string }>().id
  const [session] = await sql.owner<{ id: string }>(
    `INSERT INTO sessions (user_id, user_agent, address_hash) VALUES ($1, 'a tablet', 'none') RETURNING id`,
    [client.id],
  )
  return {
    ...{ client, rival, worker, other, support, draft, open, closing, deleted, session: { id: String(session?.id) } },
    ...{ contract, application, withdrawn, notification: { id: String(notification?.id) } },
    ...{ dataExport, upload, unpaid, paid, payment, over },
  }
}

/** An export that a worker has made, and the operation that led to it. */
async function exportOf(call: Call, until: Context['until']): Promise<{ id: string; operation: string }> {
  const { id: operation } = await make(call, 'requestDataExport')
  const href = await until('export-never-made', async () => {
    const { result } = (await call('GET', `/v1/operations/${operation}`)).json<{ result: { href: string } | null }>()
    return result?.href
  })
  return { id: href.split('/').at(-1) ?? '', operation }
}

/** In an order in which the owners' calls can all succeed. */
function casesOf(scene: Scene): Case[] {
  const { client, rival, worker, other, support, unpaid, paid, payment, over } = scene
  const { draft, open, closing, deleted, contract, application, withdrawn, notification, session, dataExport, upload } =
    scene
  return [
    { id: 'getJob', part: draft.id, others: [rival, worker], owner: client },
    { id: 'editJob', part: draft.id, others: [rival], owner: client },
    { id: 'publishJob', part: draft.id, others: [rival], owner: client },
    // The others find a draft, the owner of this call an open job.
    { id: 'applyForJob', part: draft.id, others: [worker], owner: other },
    { id: 'closeJob', part: closing.id, others: [rival], owner: client },
    { id: 'deleteJob', part: closing.id, others: [rival], owner: client },
    { id: 'restoreJob', part: deleted.id, others: [rival], owner: client },
    { id: 'listJobApplications', part: open.id, others: [rival], owner: client },
    { id: 'getApplication', part: application.id, others: [rival, other], owner: worker },
    { id: 'withdrawApplication', part: withdrawn.id, others: [worker], owner: other },
    { id: 'acceptApplication', part: application.id, others: [rival], owner: client },
    { id: 'getContract', part: contract.id, others: [rival, other], owner: client },
    { id: 'getContract', part: contract.id, others: [], owner: worker },
    { id: 'cancelContract', part: contract.id, others: [rival, other], owner: worker },
    { id: 'fundContract', part: unpaid, others: [rival], owner: client },
    { id: 'deliverWork', part: paid, others: [other], owner: worker },
    { id: 'approveWork', part: paid, others: [rival], owner: client },
    { id: 'disputeContract', part: paid, others: [rival, other], owner: client },
    { id: 'reviewContract', part: over, others: [rival, other], owner: client },
    { id: 'getContractReviews', part: over, others: [rival, other], owner: worker },
    { id: 'getPayment', part: payment, others: [rival, worker], owner: client },
    { id: 'getDataExport', part: dataExport.id, others: [rival, worker, support], owner: client },
    { id: 'getOperation', part: dataExport.operation, others: [rival, worker, support], owner: client },
    { id: 'getUpload', part: upload.id, others: [rival, worker, support], owner: client },
    { id: 'getUploadContent', part: upload.id, others: [rival, worker, support], owner: client },
    { id: 'deleteUpload', part: upload.id, others: [rival, worker, support], owner: client },
    { id: 'endSession', part: session.id, others: [rival, worker, support], owner: client },
    { id: 'readNotification', part: notification.id, others: [rival, worker, support], owner: client },
  ]
}

async function listsLeaveOut(scene: Scene, anonymous: Call): Promise<void> {
  const { client, rival, worker, other, draft, contract, application, notification, session, upload } = scene
  const drafts = `/v1/jobs?status=draft&clientId=${client.id}`
  const lists: [Call, string, { id: string }][] = [
    [rival.call, '/v1/contracts', contract],
    [other.call, '/v1/contracts', contract],
    [other.call, '/v1/me/applications', application],
    [rival.call, '/v1/me/notifications', notification],
    [rival.call, '/v1/me/sessions', session],
    [rival.call, '/v1/me/uploads', upload],
    [worker.call, '/v1/me/notifications', notification],
    [rival.call, drafts, draft],
    [worker.call, drafts, draft],
    [anonymous, drafts, draft],
  ]
  for (const [call, path, { id }] of lists) {
    const { data } = (await call('GET', path)).json<{ data: { id: string }[] }>()
    if (data.some((entry) => entry.id === id)) red('listed-to-another', path)
  }
}

async function draftStaysHidden({ draft }: Scene, anonymous: Call): Promise<void> {
  const { available, jobId } = (await invoke(anonymous, 'getSlug', { part: draft.slug })).json()
  if (available !== false || jobId !== null) red('draft-behind-slug')
}

/** Everything that the others reached for, as it is stored. */
async function rowsOf(sql: Context['sql'], { client, notification, session }: Scene): Promise<string> {
  const rows = await sql.owner(
    `SELECT to_jsonb(jobs) AS row FROM jobs WHERE client_id = $1
     UNION ALL SELECT to_jsonb(a) FROM applications a JOIN jobs j ON j.id = a.job_id WHERE j.client_id = $1
     UNION ALL SELECT to_jsonb(contracts) FROM contracts WHERE client_id = $1
     UNION ALL SELECT to_jsonb(u) FROM uploads u WHERE u.user_id = $1
     UNION ALL SELECT to_jsonb(s) FROM sessions s WHERE s.id = $3
     UNION ALL SELECT to_jsonb(n) FROM notifications n WHERE n.id = $2`,
    [client.id, notification.id, session.id],
  )
  return rows
    .map((row) => JSON.stringify(row))
    .sort()
    .join('\n')
}
