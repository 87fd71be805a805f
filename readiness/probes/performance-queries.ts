// How many statements reach PostgreSQL for a page of one row and for one of a hundred.

import { fillPages } from '../../tools/full-pages.ts'
import type { Context } from '../context/context.ts'
import type { Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { paced } from './reliability-scene.ts'
import { make, readDocument } from './scene.ts'

/** More than any read needs, and far less than a page has rows. */
const most = 5

export async function asksAsOftenForAnyPage(context: Context): Promise<Evidence> {
  const { api, link, sql } = context
  const [client, worker] = await Promise.all([api.as('client'), api.as('worker')])
  const made = await fillPages((text, values) => sql.owner<{ id: string }>(text, values), {
    clientId: client.id,
    workerId: worker.id,
  })
  // Its bytes are there, which the rows of a full page lack.
  const { id: upload } = await make(client.call, 'uploadFile')
  const paths: Record<string, [path: string, call: Call]> = {
    getMe: ['/v1/me', client.call],
    ...(await operationPaths(context, client.call)),
    listSessions: ['/v1/me/sessions', client.call],
    listUploads: ['/v1/me/uploads', client.call],
    getUpload: [`/v1/me/uploads/${upload}`, client.call],
    getUploadContent: [`/v1/me/uploads/${upload}/content`, client.call],
    listJobs: ['/v1/jobs', client.call],
    getJob: [`/v1/jobs/${made.jobId}`, client.call],
    getSlug: [`/v1/slugs/${made.slug}`, client.call],
    listJobApplications: [`/v1/jobs/${made.jobId}/applications`, client.call],
    getApplication: [`/v1/applications/${made.applicationId}`, client.call],
    listOwnApplications: ['/v1/me/applications', worker.call],
    listContracts: ['/v1/contracts', client.call],
    getContract: [`/v1/contracts/${made.contractId}`, client.call],
    listPayments: ['/v1/payments', client.call],
    getContractReviews: [`/v1/contracts/${made.contractId}/reviews`, client.call],
    listUserReviews: [`/v1/users/${worker.id}/reviews`, api.anonymous],
    getPayment: [`/v1/payments/${made.paymentId}`, client.call],
    getWallet: ['/v1/me/wallet', client.call],
    getOwnFlags: ['/v1/me/flags', client.call],
    listNotifications: ['/v1/me/notifications', client.call],
  }
  const { operations } = await readDocument((path) => api.anonymous('GET', path))
  const reads = operations.filter(({ route }) => /^GET \/v1\/(?!admin|me\/notifications\/stream)/.test(route))
  const seen: string[] = []
  for (const { operationId, parameters = [] } of reads) {
    const [path, call] = paths[operationId] ?? red('route-unknown', operationId)
    const isList = parameters.some(({ name }) => name === 'limit')
    const one = await statements(link, call, isList ? `${path}?limit=1` : path, isList ? 1 : undefined)
    const hundred = isList ? await statements(link, call, `${path}?limit=100`, 100) : one
    if (hundred > one) red('grows-with-the-page', `${operationId}: ${one} for 1 row, ${hundred} for 100`)
    if (one > most) red('too-many-statements', `${operationId}: ${one}`)
    seen.push(`${operationId} ${one}`)
  }
  if (seen.length < 10) red('nothing-looked-at', seen.join(', '))
  return { statements: seen }
}

/** An export that a worker has made, and the operation that led to it. */
async function operationPaths({ until }: Context, call: Call): Promise<Record<string, [string, Call]>> {
  const { id } = (await call('POST', '/v1/me/data-exports')).json()
  const operation = `/v1/operations/${id}`
  const href = await until('export-never-made', async () => {
    return (await call('GET', operation)).json<{ result: { href: string } | null }>().result?.href
  })
  return { getOperation: [operation, call], getDataExport: [href, call] }
}

/** The least of several calls: what the service asks by itself now and then is in some of them. */
async function statements(link: Context['link'], call: Call, path: string, rows: number | undefined): Promise<number> {
  const counts: number[] = []
  for (let attempt = 0; attempt < 30 && counts.at(-1) !== 1; attempt++) {
    let before = 0
    const answer = await paced(() => {
      before = link.statements()
      return call('GET', path)
    })
    counts.push(link.statements() - before)
    if (answer.status !== 200) red('cannot-read', `${path}: ${answer.status} ${answer.text.slice(0, 200)}`)
    const shown = rows && answer.json<{ data: unknown[] }>().data.length
    if (shown !== rows) red('page-not-full', `${path}: ${shown} rows`)
  }
  return Math.min(...counts)
}
