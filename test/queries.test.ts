// How many statements each route runs: a small number, and the same for a page of one row and of a hundred.
import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { withClient } from '../tools/create-database.ts'
import { fillPages } from '../tools/full-pages.ts'
import { pdf } from '../tools/sample-files.ts'
import { buildTestApp, type Person } from './app.ts'

// Without the cache, which would hide what a route runs.
const { call, signUp, database, services } = await buildTestApp({ env: { CACHE: 'off' } })

type Who = 'client' | 'worker' | 'admin'
/** Which page or object, for whom, and the most statements that it may take. */
type Row = [path: string, who: Who, most: number]

let rows: Record<string, Row> = {}
const people = {} as Record<Who, Person>

beforeAll(async () => {
  for (const role of ['client', 'worker', 'admin'] as const) people[role] = await signUp(role)
  const asOwner = (text: string, values: unknown[]) =>
    withClient(database.ownerUrl, async (client) => (await client.query(text, values)).rows)
  const { jobId, slug, applicationId, contractId, paymentId } = await fillPages(asOwner, {
    clientId: people.client.id,
    workerId: people.worker.id,
  })
  const file = { bytes: pdf(), disposition: undefined, declared: undefined }
  const { id: uploadId } = await services.uploads.keep(people.client, file)
  await services.seals.sealNew()
  rows = {
    getLive: ['/health/live', 'admin', 0],
    getHealth: ['/health', 'admin', 0],
    getReady: ['/health/ready', 'admin', 4],
    getReadyAlias: ['/ready', 'admin', 4],
    getStatus: ['/health/status', 'admin', 4],
    getKeys: ['/.well-known/jwks.json', 'client', 0],
    getSchedules: ['/v1/admin/schedules', 'admin', 1],
    getBreakers: ['/v1/admin/breakers', 'admin', 1],
    getFlags: ['/v1/admin/flags', 'admin', 1],
    getUserFlags: [`/v1/admin/users/${people.client.id}/flags`, 'admin', 1],
    getOwnFlags: ['/v1/me/flags', 'client', 0],
    getSwitches: ['/v1/admin/switches', 'admin', 1],
    listAudit: ['/v1/admin/audit', 'admin', 1],
    verifyAudit: ['/v1/admin/audit/verification', 'admin', 8],
    getAuditCheckpoint: ['/v1/admin/audit/checkpoint', 'admin', 1],
    getMe: ['/v1/me', 'client', 1],
    listSessions: ['/v1/me/sessions', 'client', 1],
    getDataExport: [await makeExport(people.client), 'client', 1],
    listUploads: ['/v1/me/uploads', 'client', 1],
    getUpload: [`/v1/me/uploads/${uploadId}`, 'client', 1],
    getUploadContent: [`/v1/me/uploads/${uploadId}/content`, 'client', 1],
    getOperation: [`/v1/operations/${await operationOf(people.client)}`, 'client', 1],
    listUsers: ['/v1/admin/users', 'admin', 1],
    getUser: [`/v1/admin/users/${people.client.id}`, 'admin', 1],
    listJobs: ['/v1/jobs', 'client', 1],
    getJob: [`/v1/jobs/${jobId}`, 'client', 1],
    getSlug: [`/v1/slugs/${slug}`, 'client', 1],
    listJobApplications: [`/v1/jobs/${jobId}/applications`, 'client', 2],
    getApplication: [`/v1/applications/${applicationId}`, 'client', 2],
    listOwnApplications: ['/v1/me/applications', 'worker', 1],
    listContracts: ['/v1/contracts', 'client', 1],
    getContract: [`/v1/contracts/${contractId}`, 'client', 1],
    listPayments: ['/v1/payments', 'client', 1],
    getContractReviews: [`/v1/contracts/${contractId}/reviews`, 'client', 2],
    listUserReviews: [`/v1/users/${people.worker.id}/reviews`, 'client', 2],
    listDisputes: ['/v1/admin/disputes', 'admin', 1],
    listDeadLetters: ['/v1/admin/dead-letters', 'admin', 1],
    getPayment: [`/v1/payments/${paymentId}`, 'client', 1],
    getWallet: ['/v1/me/wallet', 'client', 1],
    listNotifications: ['/v1/me/notifications', 'client', 1],
  }
})

/** An operation that is open, or ended a moment ago. */
async function operationOf(as: Person): Promise<string> {
  return (await call('POST', '/v1/me/data-exports', { as })).json().id
}

/** Where an export can be read that was made as the worker makes it. */
async function makeExport(as: Person): Promise<string> {
  const operation = await operationOf(as)
  const [event] = await withClient(database.ownerUrl, async (owner) => {
    const made = "SELECT id, payload FROM outbox WHERE kind = 'data-export.requested' ORDER BY position DESC LIMIT 1"
    return (await owner.query(made)).rows
  })
  await services.exports.make(event, event.payload)
  return (await call('GET', `/v1/operations/${operation}`, { as })).json().result.href
}

/** Statements that a call runs, and the rows that it answers. */
async function countOf([path, who]: Row, query = '') {
  const { query: send } = pg.Client.prototype
  let statements = 0
  pg.Client.prototype.query = function (this: pg.Client, ...words: unknown[]) {
    statements += 1
    return Reflect.apply(send, this, words)
  } as typeof send
  try {
    const answer = await call('GET', `${path}${query}`, { as: people[who] })
    expect([path, answer.statusCode]).toEqual([path, 200])
    const isJson = `${answer.headers['content-type']}`.startsWith('application/json')
    return { statements, shown: isJson ? answer.json().data?.length : undefined }
  } finally {
    pg.Client.prototype.query = send
  }
}

type Described = { operationId: string; parameters?: { name: string }[] }

async function described(): Promise<Described[]> {
  const { paths } = (await call('GET', '/openapi.json')).json<{ paths: Record<string, { get?: Described }> }>()
  return Object.values(paths).flatMap(({ get }) => get ?? [])
}

test('each GET route of the document has a row here, and each row its route', async () => {
  // A stream asks for as long as it is open: live.test.ts.
  const known = (await described()).map(({ operationId }) => operationId).filter((id) => id !== 'streamNotifications')
  expect(known.length).toBeGreaterThan(10)
  expect(Object.keys(rows).sort()).toEqual(known.sort())
})

test('no route runs more statements than its bound', async () => {
  for (const [name, row] of Object.entries(rows)) {
    // A first call may prepare or look up what later ones have.
    await countOf(row)
    const { statements } = await countOf(row)
    expect([name, statements, statements <= row[2]]).toEqual([name, statements, true])
  }
})

test('a list runs as many statements for a page of a hundred as for a page of one', async () => {
  const lists = (await described()).filter(({ parameters }) => parameters?.some(({ name }) => name === 'limit'))
  expect(lists.length).toBeGreaterThan(4)
  for (const { operationId } of lists) {
    const row = rows[operationId] as Row
    const [one, hundred] = [await countOf(row, '?limit=1'), await countOf(row, '?limit=100')]
    expect([operationId, one.shown, hundred.shown]).toEqual([operationId, 1, 100])
    expect([operationId, hundred.statements]).toEqual([operationId, one.statements])
  }
})
