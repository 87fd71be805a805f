// API-04: each list of the table, walked page by page while rows are inserted on both sides of where the reader is.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { insertAuditRows, insertJobs, insertRowsOfAgreements } from './api-rows.ts'
import { deskRows } from './api-rows-desk.ts'
import { operationOf, operations, pathOf } from './routes-table.ts'

type Page = { data: { id: string }[]; page: { next: string | null } }
type List = {
  /** The operation. */
  id: string
  path: string
  call: Call
  /** Adds a row that comes before all others, or after all, by whatever the list is ordered. */
  add: (side: 'before' | 'after') => Promise<unknown>
}

const declared = operations.filter(({ id }) => id.startsWith('list'))
const [limit, tied] = [7, 23]

export async function pagesHoldEveryRowOnce(context: Context): Promise<Evidence> {
  const lists = await fill(context)
  const missing = declared.filter(({ id }) => !lists.some((list) => list.id === id))
  if (missing.length > 0) throw new Error(`The probe has no rows for ${missing.map(({ id }) => id)}`)
  let pages = 0
  for (const list of lists) pages += await walk(list)
  await cursorsAreOurs(lists)
  for (const { call, path, id } of lists) await limitIsBounded(call, path, id)
  return { lists: lists.length, pages, rowsOfOneTime: tied }
}

/** Rows of which all but two share one time, and one budget, for each list. */
async function fill(context: Context): Promise<List[]> {
  const { api, sql } = context
  const [client, worker, support] = await Promise.all([api.as('client'), api.as('worker'), api.as('support')])
  const lamp = randomUUID()
  const addAuditRow = await insertAuditRows(sql, lamp, tied)
  const jobs = (count: number, hours: number, budget: number) =>
    insertJobs(sql, { clientId: client.id, count, hours, budget })
  await jobs(tied, 0, 500)
  await jobs(1, -5, 400)
  await jobs(1, 5, 600)
  const rows = await insertRowsOfAgreements(sql, { client, worker, count: tied })
  const desk = deskRows(context, { client, worker })
  await desk.addReview(0, tied)
  // So many that the disputes of other probes, which end, are on none of the pages that are compared.
  await desk.addDispute(0, 100)
  const addDeadLetter = await desk.addDeadLetter(tied)
  const sides = { before: [-9, 300], after: [9, 700] } as const
  const sorts = ['newest', 'oldest', 'highest-budget', 'lowest-budget']
  const list = (id: string, call: Call, add: List['add'], part?: string): List => ({
    ...{ id, call, add },
    path: `${pathOf(operationOf(id), part)}?`,
  })
  return [
    ...sorts.map((sort) => ({
      ...list('listJobs', api.anonymous, (side) => jobs(1, sides[side][0], sides[side][1])),
      path: `/v1/jobs?clientId=${client.id}&sort=${sort}&`,
    })),
    list('listJobApplications', client.call, (side) => rows.addApplication(sides[side][0]), rows.jobId),
    list('listOwnApplications', worker.call, (side) => rows.addAgreement(sides[side][0])),
    list('listContracts', client.call, (side) => rows.addAgreement(sides[side][0])),
    list('listPayments', worker.call, (side) => rows.addPayment(sides[side][0])),
    list('listUserReviews', api.anonymous, (side) => desk.addReview(side === 'before' ? 9 : -9), worker.id),
    list('listDisputes', support.call, (side) => desk.addDispute(sides[side][0])),
    { ...list('listDeadLetters', support.call, addDeadLetter), path: '/v1/admin/dead-letters?kind=lamp.dimmed&' },
    list('listSessions', worker.call, (side) => rows.addSession(side === 'before' ? 9 : -9)),
    { ...list('listAudit', support.call, addAuditRow), path: `/v1/admin/audit?objectId=${lamp}&` },
    list('listUsers', support.call, (side) => rows.addUser(side === 'before' ? 9 : -9)),
    list('listUploads', worker.call, async (side) => rows.addUpload(sides[side][0])),
    list('listNotifications', worker.call, (side) => rows.addNotification(sides[side][0])),
  ]
}

async function get(call: Call, path: string): Promise<Page> {
  const answer = await call('GET', path)
  return answer.status === 200 ? answer.json<Page>() : red('list-refused', `${path}: ${answer.status} ${answer.text}`)
}

/** Answers how many pages there were. */
async function walk({ call, path, id, add }: List): Promise<number> {
  const whole = (await get(call, `${path}limit=100`)).data.map((row) => row.id)
  if (whole.length < tied) red('row-lost', `${path}: ${whole.length} of ${tied}`)
  const seen = new Set<string>()
  let pages = 0
  for (let next: string | null = ''; next !== null; pages++) {
    const page: Page = await get(call, `${path}limit=${limit}${next && `&cursor=${next}`}`)
    if (page.data.length > limit) red('limit-not-bounded', `${page.data.length} rows`)
    for (const row of page.data) {
      if (seen.has(row.id)) red('row-repeated', `${path} on page ${pages + 1}`)
      seen.add(row.id)
    }
    next = page.page.next
    if (pages === 1) await Promise.all([add('before'), add('after')])
  }
  const lost = whole.filter((row) => !seen.has(row))
  if (lost.length > 0) red('row-lost', `${path}: ${lost.length} of ${whole.length}`)
  if (pages < 4) red('pages-too-large', `${id}: ${pages} pages`)
  return pages
}

/** A cursor that was changed, or that another list gave, is refused, and nothing else of it is used. */
async function cursorsAreOurs(lists: List[]): Promise<void> {
  const cursors: string[] = []
  for (const { call, path } of lists) cursors.push((await get(call, `${path}limit=${limit}`)).page.next ?? '')
  for (const [at, { call, path }] of lists.entries()) {
    const own = cursors[at] ?? ''
    for (const [reason, cursor] of [
      ...tampered(own).map((text) => ['forged-cursor-taken', text] as const),
      ...cursors.filter((text) => text !== own).map((text) => ['foreign-cursor-taken', text] as const),
    ]) {
      const { status } = await call('GET', `${path}limit=${limit}&cursor=${encodeURIComponent(cursor)}`)
      if (status !== 400) red(reason, `${path} ${cursor}: ${status}`)
    }
  }
}

const tampered = (cursor: string) => [
  ...[0, Math.floor(cursor.length / 2), cursor.lastIndexOf('.') + 1, cursor.length - 1].map(
    (at) => `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`,
  ),
  cursor.slice(0, cursor.lastIndexOf('.')),
  `${cursor.slice(0, -4)}`,
  randomUUID(),
]

async function limitIsBounded(call: Call, path: string, id: string): Promise<void> {
  for (const wrong of ['0', '101', '1000000', '-1', 'ten', '7.5', '']) {
    const { status } = await call('GET', `${path}limit=${wrong}`)
    if (status !== 400) red('limit-not-bounded', `${id} limit=${wrong}: ${status}`)
  }
  const { data } = await get(call, path)
  if (data.length !== 20) red('limit-not-bounded', `${id} without limit: ${data.length}`)
}
