// SEC-25: what no schema allows is refused, for every route of the served document, and answers carry what their schemas have.
import type { Context } from '../context/context.ts'
import type { Answer, Call, CallOptions, Target } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { mayCall, operationOf, operations } from './routes-table.ts'
import { type Described, invoke, type Made, readDocument, type Schema } from './scene.ts'

type Callers = Record<'stranger' | 'client' | 'worker' | 'support' | 'admin', Call>
type Document = Awaited<ReturnType<typeof readDocument>>
/** One thing that is wrong with a call: `reason` is what it means when it is taken. */
type Fault = { reason: string; what: string; part?: string; query?: string } & CallOptions

export async function onlyWhatSchemasAllow({ api }: Context): Promise<Evidence> {
  const [client, worker, support, admin] = await Promise.all([
    api.as('client'),
    api.as('worker'),
    api.as('support'),
    api.as('admin'),
  ])
  const callers: Callers = {
    stranger: api.anonymous,
    client: client.call,
    worker: worker.call,
    support: support.call,
    admin: admin.call,
  }
  const document = await readDocument((path) => api.anonymous('GET', path))
  let refused = 0
  for (const faultsOf of [bodyFaults, urlFaults]) {
    for (const described of document.operations) {
      for (const fault of faultsOf(described, document)) {
        await isRefused(callerOf(callers, described.operationId), described.operationId, fault)
        refused++
      }
    }
  }
  const sizes = await sizesAreBounded(callers)
  const held = await answersFollowTheirSchemas(callers, document)
  return {
    operations: document.operations.length,
    refusedAsInput: refused,
    ...sizes,
    answersHeldAgainstSchemas: held,
  }
}

/** For a deployed service: what a stranger may read, asked for as no schema allows. */
export async function urlsAreHeldAgainstSchemas({ get }: Target): Promise<Evidence> {
  const call: Call = (_method, path, options) => get(path, options)
  const { operations: described } = await readDocument(get)
  const open = operations.filter((operation) => operation.method === 'GET' && mayCall(operation, 'stranger'))
  let refused = 0
  for (const { id } of open) {
    for (const fault of described.filter(({ operationId }) => operationId === id).flatMap(urlFaults)) {
      await isRefused(call, id, fault)
      refused++
    }
    await answers(414, 'long-url-taken', id, invoke(longer(call), id))
  }
  return { operations: open.length, refusedAsInput: refused, tooLong414: open.length }
}

async function isRefused(call: Call, id: string, { reason, what, query = '', ...options }: Fault): Promise<void> {
  const asking: Call = (method, path, rest) => call(method, `${path}${query}`, rest)
  const { status } = await invoke(asking, id, options)
  if (status !== (reason === 'other-media-taken' ? 415 : 400)) red(reason, `${id}, ${what}: ${status}`)
}

function callerOf(callers: Callers, id: string): Call {
  const kinds = ['stranger', 'client', 'worker', 'support', 'admin'] as const
  const kind = kinds.find((each) => mayCall(operationOf(id), each))
  return callers[kind ?? red('nobody-may-call', id)]
}

/** What a page of another site can send without asking. */
const simple = ['application/x-www-form-urlencoded', 'text/plain']

/** A body with a member too many, one too few, and each member of another type or too long; any body where there is to be none. */
function bodyFaults(described: Described, { bodyOf, follow }: Document): Fault[] {
  const schema = bodyOf(described)
  const body = operationOf(described.operationId).body?.()
  const otherMedia = (raw: string) =>
    simple.map((type) => ({
      reason: 'other-media-taken',
      what: type,
      raw,
      headers: { 'content-type': type },
    }))
  if (operationOf(described.operationId).file) {
    // Neither is what is in it what it says.
    const others = [...simple, 'application/json', 'image/png', 'application/pdf']
    return others.map((type) => ({
      reason: 'other-media-taken',
      what: type,
      raw: '{}',
      headers: { 'content-type': type },
    }))
  }
  if (!schema || !body) {
    const undeclared = [{ planted: true }, ['planted'], 'planted'].map((planted) => ({
      reason: 'undeclared-body-taken',
      what: typeof planted,
      body: planted,
    }))
    return described.route.startsWith('GET ') ? undeclared : [...undeclared, ...otherMedia('planted')]
  }
  const faults: Fault[] = [
    { reason: 'unknown-member-taken', what: '/planted', body: { ...body, planted: true } },
    ...otherMedia(JSON.stringify(body)),
    { reason: 'not-json-taken', what: 'half a body', raw: JSON.stringify(body).slice(0, -1) },
    { reason: 'wrong-type-taken', what: 'a list', body: [body] },
  ]
  for (const name of schema.required ?? []) {
    faults.push({ reason: 'missing-member-taken', what: name, body: { ...body, [name]: undefined } })
  }
  for (const [name, given] of Object.entries(schema.properties ?? {})) {
    const member = follow(given)
    const value = body[name]
    faults.push({ reason: 'wrong-type-taken', what: name, body: { ...body, [name]: otherType(member) } })
    if (member.maxLength) {
      const long = 'a'.repeat(member.maxLength + 1)
      faults.push({ reason: 'long-text-taken', what: name, body: { ...body, [name]: long } })
    }
    if (!member.properties || typeof value !== 'object') continue
    const planted = { ...body, [name]: { ...value, planted: true } }
    faults.push({ reason: 'unknown-member-taken', what: `${name}/planted`, body: planted })
    for (const [inner, part] of Object.entries(member.properties)) {
      const wrong = { ...body, [name]: { ...value, [inner]: otherType(follow(part)) } }
      faults.push({ reason: 'wrong-type-taken', what: `${name}/${inner}`, body: wrong })
    }
  }
  return faults
}

/** What a lenient reader would take for the type that is asked for. */
const otherType = ({ type }: Schema): unknown =>
  type === 'string' ? 12_345_678 : type === 'integer' ? '125000' : 'text'

/** Path, query and header parts that are not as the document has them, and a query where it has none. */
function urlFaults({ parameters = [] }: Described): Fault[] {
  const faults: Fault[] = [{ reason: 'unknown-parameter-taken', what: 'planted', query: '?planted=1' }]
  if (parameters.some((parameter) => parameter.in === 'query')) {
    faults.push({ reason: 'bad-parameter-taken', what: 'limit, twice', query: '?limit=1&limit=2' })
  }
  for (const { in: place, name, schema } of parameters) {
    const wrong =
      schema.type === 'integer' ? String((schema.maximum ?? 0) + 1) : '!'.repeat((schema.maxLength ?? 8) + 1)
    if (place === 'path') faults.push({ reason: 'bad-path-taken', what: name, part: 'NOT-ONE_OF_OURS' })
    if (place === 'query') faults.push({ reason: 'bad-parameter-taken', what: name, query: `?${name}=${wrong}` })
    if (place === 'header') faults.push({ reason: 'bad-field-taken', what: name, headers: { [name]: wrong } })
  }
  return faults
}

/** Bytes of an upload at most, where nothing else is set. */
const largestFile = 5_242_880

/** 413, 414 and 431, on every route that they can meet. */
async function sizesAreBounded(callers: Callers) {
  const large = JSON.stringify({ planted: 'a'.repeat(66_000) })
  const writes = operations.filter(({ method }) => method !== 'GET')
  for (const { id, file } of writes) {
    // It is refused before any of it is sent.
    const options = file ? { headers: { 'content-length': `${largestFile + 1}` } } : { raw: large }
    await answers(413, 'large-body-taken', id, invoke(callerOf(callers, id), id, options))
  }
  for (const { id } of operations) await answers(414, 'long-url-taken', id, invoke(longer(callers.stranger), id))
  const varying = operations.filter(({ path }) => path.includes(':'))
  for (const { id } of varying) {
    await answers(414, 'long-url-taken', id, invoke(callers.stranger, id, { part: 'a'.repeat(300) }))
  }
  // Node itself refuses these, before there is a route.
  const headers = { 'x-planted': 'a'.repeat(16_384) }
  await answers(431, 'large-headers-taken', 'getLive', invoke(callers.stranger, 'getLive', { headers }))
  return { tooLarge413: writes.length, tooLong414: operations.length + varying.length, tooLarge431: 1 }
}

const longer =
  (call: Call): Call =>
  (method, path, options) =>
    call(method, `${path}?${'a'.repeat(2048)}`, options)

async function answers(status: number, reason: string, id: string, sent: Promise<Answer>): Promise<void> {
  const answer = await sent
  if (answer.status !== status) red(reason, `${id}: ${answer.status}`)
}

/** A walk through the service. Each answer has to have the members of its schema and no other. */
async function answersFollowTheirSchemas(callers: Callers, document: Document): Promise<number> {
  const { stranger, client, worker, support } = callers
  let held = 0
  const walk = async (call: Call, id: string, options: Parameters<typeof invoke>[2] = {}): Promise<Made> => {
    const answer = await invoke(call, id, options)
    if (answer.status >= 300) red('cannot-set-up', `${id}: ${answer.status} ${answer.text.slice(0, 300)}`)
    const unknown = document.unknownMembers(id, answer)
    if (unknown.length > 0) red('answer-has-unknown-member', `${id}: ${unknown.join(', ')}`)
    held++
    return answer.json<Made>()
  }
  const account = operationOf('register').body?.() ?? {}
  const { email, password } = account
  await walk(stranger, 'register', { body: account })
  await walk(stranger, 'logIn', { body: { email, password } })
  const { refreshToken } = (await invoke(stranger, 'logIn', { body: { email, password } })).json()
  await walk(stranger, 'refreshSession', { body: { refreshToken } })
  await walk(client, 'listSessions')
  const { id: upload } = await walk(client, 'uploadFile')
  await walk(client, 'getUpload', { part: upload })
  await walk(client, 'listUploads')
  const me = await walk(client, 'getMe')
  await walk(client, 'changeMe', { headers: { 'if-match': `"${me.version}"` } })
  const { id: part, slug } = await walk(client, 'createJob')
  await walk(client, 'editJob', { part, headers: { 'if-match': '"1"' } })
  await walk(client, 'publishJob', { part })
  for (const id of ['getJob', 'listJobs']) await walk(stranger, id, { part })
  await walk(stranger, 'getSlug', { part: slug })
  const { id: application } = await walk(worker, 'applyForJob', { part })
  await walk(worker, 'getApplication', { part: application })
  await walk(worker, 'listOwnApplications')
  await walk(client, 'listJobApplications', { part })
  const { id: contract } = await walk(client, 'acceptApplication', { part: application })
  await walk(worker, 'getContract', { part: contract })
  for (const id of ['listContracts', 'listNotifications']) await walk(worker, id)
  for (const id of ['getLive', 'getHealth', 'getReady', 'getReadyAlias']) await walk(stranger, id)
  for (const id of ['getStatus', 'getSwitches', 'listAudit']) await walk(support, id)
  return held
}
