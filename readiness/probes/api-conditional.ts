// API-07: reads that are asked for again, and changes of what somebody else has changed meanwhile.
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person, Target } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { mayCall, operationOf, operations } from './routes-table.ts'
import { invoke, make } from './scene.ts'

export async function readsAndChangesAreConditional({ api, until }: Context): Promise<Evidence> {
  const [client, worker, support] = await Promise.all([api.as('client'), api.as('worker'), api.as('support')])
  const { id: job, slug } = await make(client.call, 'createJob')
  await make(client.call, 'publishJob', { part: job })
  const { id: application } = await make(worker.call, 'applyForJob', { part: job })
  const parts: Record<string, string> = {
    ...{ getJob: job, listJobApplications: job, getApplication: application, getUser: client.id },
    listUserReviews: worker.id,
    getUserFlags: client.id,
    getUpload: (await make(client.call, 'uploadFile')).id,
  }
  const callers = { client, worker, support }

  const kept: string[] = []
  // What the table has, but for health, which is asked for as it is now, and for what others change all the time or there is none of.
  const none = [
    'getContract',
    'getPayment',
    'getContractReviews',
    'getOperation',
    'getDataExport',
    'getUploadContent',
    'streamNotifications',
  ]
  const desk = ['listDisputes', 'listDeadLetters', 'getBreakers', 'getSchedules']
  const left = [...none, ...desk, 'listUsers', 'listAudit', 'verifyAudit', 'getAuditCheckpoint']
  const reads = operations.filter(
    ({ method, path, id }) => method === 'GET' && /^\/v1\//.test(path) && !left.includes(id),
  )
  for (const { id } of reads) {
    const kind = (['client', 'worker', 'support'] as const).find((role) => mayCall(operationOf(id), role))
    const part = id === 'getSlug' ? slug : parts[id]
    const call = callers[kind ?? red('nobody-may-call', id)].call
    await isConditional(id, (headers) => invoke(call, id, { headers, ...(part && { part }) }))
    const isOpen = operationOf(id).who === 'optional' || operationOf(id).who === 'public'
    if (isOpen) await isConditional(id, (headers) => invoke(api.anonymous, id, { headers, ...(part && { part }) }))
    kept.push(id)
  }
  await oldTagsGetWhatIsNew({ client, worker, job, application }, until)
  await headsAreTheSame(client.call, job)
  await whatIsWrittenIsNotStored(api.anonymous, client)
  const changes = await changesNeedTheVersion(client)
  return { reads: kept, ...changes }
}

/** For a deployed service: what strangers may read. */
export async function openReadsAreConditional({ get }: Target): Promise<Evidence> {
  const paths = ['/v1/jobs', '/v1/jobs?limit=1', '/openapi.json']
  for (const path of paths) await isConditional(path, (headers) => get(path, { headers }))
  return { reads: paths }
}

async function isConditional(id: string, ask: (headers: Record<string, string>) => Promise<Answer>): Promise<void> {
  const first = await ask({})
  if (first.status !== 200) red('cannot-read', `${id}: ${first.status} ${first.text.slice(0, 200)}`)
  const tag = first.field('etag') ?? red('no-tag', id)
  if (!/^(W\/)?"[^"]+"$/.test(tag)) red('tag-malformed', `${id}: ${tag}`)
  const weak = tag.startsWith('W/') ? tag : `W/${tag}`
  for (const given of [tag, weak, weak.slice(2), `"other", ${tag}`, `${tag},W/"other"`, '*']) {
    const again = await ask({ 'if-none-match': given })
    if (again.status !== 304) red('sent-again', `${id}, ${given}: ${again.status}`)
    if (again.text !== '' || again.field('content-type')) red('not-empty', id)
    for (const name of ['etag', 'cache-control', 'vary']) {
      if (again.field(name) !== first.field(name)) red('304-says-other', `${id}, ${name}: ${again.field(name)}`)
    }
  }
  for (const given of ['"other"', 'W/"other", "another"', tag.replaceAll('"', '')]) {
    const { status } = await ask({ 'if-none-match': given })
    if (status !== 200) red('other-tag-taken', `${id}, ${given}: ${status}`)
  }
  const caching = first.field('cache-control') ?? ''
  if (!/\bno-cache\b/.test(caching)) red('kept-unasked', `${id}: ${caching}`)
}

type Scene = { client: Person; worker: Person; job: string; application: string }

/** The list of a job's applications, and a job: after a change, who names the old tag gets the new answer. */
async function oldTagsGetWhatIsNew({ client, worker, job, application }: Scene, until: Context['until']) {
  const read = (tag = '"none"') =>
    invoke(client.call, 'listJobApplications', { part: job, headers: { 'if-none-match': tag } })
  const before = await read()
  await make(worker.call, 'withdrawApplication', { part: application })
  const after = await read(before.field('etag'))
  if (after.status !== 200 || after.text === before.text) red('old-tag-taken', `list: ${after.status}`)

  const one = (tag = '"none"') => invoke(client.call, 'getJob', { part: job, headers: { 'if-none-match': tag } })
  const tag = (await one()).field('etag') ?? ''
  const body = { title: 'Paint it once more' }
  const changed = await invoke(client.call, 'editJob', { part: job, body, headers: { 'if-match': tag } })
  if (changed.status !== 200) red('own-version-refused', `${changed.status} ${changed.text.slice(0, 200)}`)
  if (changed.field('etag') === tag) red('same-tag-after-change', tag)
  await until('old-tag-taken', async () => (await one(tag)).status === 200, { within: 2000 })
}

async function headsAreTheSame(call: Call, job: string): Promise<void> {
  for (const path of [`/v1/jobs/${job}`, '/v1/me']) {
    const [get, head] = [await call('GET', path), await call('HEAD', path)]
    if (head.status !== 200 || head.text !== '' || head.field('etag') !== get.field('etag')) red('head-differs', path)
    const again = await call('HEAD', path, { headers: { 'if-none-match': get.field('etag') ?? '' } })
    if (again.status !== 304) red('head-differs', `${path}: ${again.status}`)
  }
}

async function whatIsWrittenIsNotStored(anonymous: Call, { email, password, call }: Person): Promise<void> {
  const signedIn = await anonymous('POST', '/v1/auth/login', { body: { email, password } })
  if (signedIn.field('cache-control') !== 'no-store') red('token-may-be-stored', signedIn.field('cache-control'))
  const { field } = await invoke(call, 'getMe')
  if (!/\bprivate\b/.test(field('cache-control') ?? '')) red('private-read-shared', field('cache-control'))
  const open = await invoke(call, 'listJobs')
  if (!/\bauthorization\b/i.test(open.field('vary') ?? '')) red('answer-shared-by-callers', open.field('vary'))
}

/** 428 without a version, 412 with another, and of two changes of the same version one. */
async function changesNeedTheVersion({ call }: Person) {
  const seen: number[] = []
  const objects = [
    { read: 'getJob', change: 'editJob', part: (await make(call, 'createJob')).id },
    { read: 'getMe', change: 'changeMe' },
  ]
  for (const { read, change, ...at } of objects) {
    const tag = (await invoke(call, read, at)).field('etag') ?? red('no-tag', read)
    const changing = (ifMatch?: string) =>
      invoke(call, change, { ...at, ...(ifMatch && { headers: { 'if-match': ifMatch } }) })
    const expect = async (status: number, reason: string, ifMatch?: string) => {
      const answer = await changing(ifMatch)
      if (answer.status !== status) red(reason, `${change}, ${ifMatch}: ${answer.status}`)
      seen.push(status)
    }
    await expect(428, 'changed-unseen')
    for (const other of ['"99"', `W/${tag}`, '"98", "99"', tag.replaceAll('"', '')]) {
      await expect(412, 'other-version-taken', other)
    }
    const both = await Promise.all([changing(tag), changing(tag)])
    const statuses = both.map(({ status }) => status).sort()
    if (statuses.join() !== '200,412') red('overwritten', `${change}: ${statuses}`)
    const refusal = both.find(({ status }) => status === 412)
    const now = (await invoke(call, read, at)).field('etag')
    if (refusal?.field('etag') !== now || now === tag) red('refusal-names-no-version', `${refusal?.field('etag')}`)
    await expect(200, 'own-version-refused', `"99", ${now}`)
    await expect(200, 'own-version-refused', '*')
  }
  return { changes: objects.map(({ change }) => change), statuses: [...new Set(seen)].sort() }
}
