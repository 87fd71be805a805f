// API-01: the served document against the hand-written table, against what is validated, and under the project's own linters.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import type { Operation } from './operation.ts'
import { mayCall, operations, pathOf, routeOf } from './routes-table.ts'
import { invoke } from './scene.ts'

type Get = (path: string) => Promise<Answer>
type Schema = {
  $ref?: string
  type?: string
  format?: string
  pattern?: string
  enum?: string[]
  properties?: Record<string, Schema>
  required?: string[]
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
}
type Content = Record<string, { schema: Schema }>
type Described = {
  operationId: string
  requestBody?: { content: Content }
  responses: Record<string, { $ref?: string; content?: Content; headers?: object }>
}
type Document = { openapi: string; paths: Record<string, Record<string, Described>> }
type Body = Record<string, unknown>

/** Reads only. */
export async function seeDocumentAndPage(get: Get): Promise<Evidence> {
  const document = await readDocument(get)
  const refusals = seeOperations(document)
  return { openapi: document.openapi, operations: operations.length, refusals, ...(await seePage(get)) }
}

export async function documentTellsTheTruth(context: Context): Promise<Evidence> {
  const get: Get = (path) => context.api.anonymous('GET', path)
  const seen = await seeDocumentAndPage(get)
  const document = await readDocument(get)
  await answersAsDocumented(context, document)
  const limits = await limitsAreThoseThatValidate(context, document)
  return { ...seen, ...limits, linters: await lint(context, document) }
}

async function readDocument(get: Get): Promise<Document> {
  const answer = await get('/openapi.json')
  if (answer.status !== 200) red('document-not-served', String(answer.status))
  const document = answer.json<Document>()
  return /^3\.1\./.test(document.openapi) ? document : red('not-openapi-3.1', document.openapi)
}

/** Every operation of the table and no other, each with the refusals that its access and kind bring. Answers how many refusals. */
function seeOperations(document: Document): number {
  const described = new Map<string, Described>(
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([verb, operation]) => [`${verb.toUpperCase()} ${path}`, operation] as const),
    ),
  )
  const extra = new Set(described.keys())
  let count = 0
  for (const operation of operations) {
    const found = described.get(routeOf(operation))
    if (found?.operationId !== operation.id) red('operation-not-documented', `${operation.id} ${routeOf(operation)}`)
    extra.delete(routeOf(operation))
    const refusals = Object.entries(found.responses).filter(([status]) => Number(status) >= 400)
    const missing = refusalsOf(operation).filter((status) => !found.responses[status])
    const answers = Object.keys(found.responses).filter((status) => /^(2\d\d|101)$/.test(status))
    if (missing.length > 0 || answers.length === 0) red('answer-not-documented', `${operation.id} ${missing}`)
    for (const [status, answer] of refusals) {
      const [type, ...others] = Object.keys(follow(document, answer).content ?? {})
      // The answer of a health check that is not well is a report, by design.
      const isReport = status === '503' && operation.path.match(/^\/(health|ready)/)
      if (!isReport && (type !== 'application/problem+json' || others.length > 0))
        red('refusal-is-no-problem', `${operation.id} ${status}`)
    }
    count += refusals.length
  }
  if (extra.size > 0) red('operation-not-listed', [...extra].join())
  return count
}

const refusalsOf = ({ who, method, path, idempotent, conditional, body, file }: Operation) => [
  ...[400, 414, 500, 503],
  ...(who === 'public' ? [] : [401]),
  ...(Array.isArray(who) ? [403] : []),
  ...(body || file ? [413, 415] : []),
  ...(idempotent ? [409, 422] : []),
  ...(conditional ? [412, 428] : []),
  ...(path.includes(':id') && method !== 'POST' ? [404] : []),
]

function follow<T extends { $ref?: string }>(document: Document, part: T): T {
  const names = part.$ref?.split('/').slice(1)
  return names ? (names.reduce<unknown>((at, name) => (at as Body)[name], document) as T) : part
}

/** What makes something answers with a status of the document, and with each field that it names there. */
async function answersAsDocumented({ api }: Context, document: Document): Promise<void> {
  const { call } = await api.as('client')
  const answer = await invoke(call, 'createJob')
  const described = document.paths['/v1/jobs']?.post?.responses[answer.status]
  if (!described) return red('status-not-documented', `createJob: ${answer.status}`)
  const fields = Object.keys(described.headers ?? {})
  if (fields.length === 0) red('no-field-documented')
  for (const field of fields) if (!answer.field(field.toLowerCase())) red('field-not-sent', `createJob: ${field}`)
  const made = await call('GET', answer.field('location') ?? '/')
  if (made.status !== 200) red('location-leads-nowhere', String(made.status))
}

/** For each body: one step beyond each limit of the document is refused, and the limit itself is not. */
async function limitsAreThoseThatValidate({ api }: Context, document: Document) {
  const [client, worker, admin] = await Promise.all([api.as('client'), api.as('worker'), api.as('admin')])
  const counts = { beyond: 0, within: 0 }
  for (const operation of operations) {
    const { requestBody } =
      document.paths[routeOf(operation).split(' ')[1] ?? '']?.[operation.method.toLowerCase()] ?? {}
    if (!requestBody !== !(operation.body ?? operation.file))
      red('operation-not-documented', `${operation.id}: its body`)
    if (!requestBody || !operation.body) continue
    const signedIn = [client, worker, admin].find(({ role }) => mayCall(operation, role))
    const caller = mayCall(operation, 'stranger') || !signedIn ? api.anonymous : signedIn.call
    const schema = follow(document, Object.values(requestBody.content)[0]?.schema ?? {})
    for (const { what, member, value, refused } of casesOf(document, schema)) {
      const body = { ...operation.body(), [member]: value }
      const { status, text } = await send(caller, operation, body)
      const said = `${operation.id}, ${what}: ${status} ${text.slice(0, 300)}`
      if (refused && !(status === 400 && text.includes(`"/body/${member}`))) red('validation-laxer-than-document', said)
      // Refused for what it means, and not for its shape, is another matter: a link that is none, a password that everyone has.
      if (!refused && status === 400 && text.includes('"INPUT_INVALID"')) red('validation-stricter-than-document', said)
      counts[refused ? 'beyond' : 'within']++
    }
  }
  if (counts.beyond === 0 || counts.within === 0) red('nothing-to-hold-against')
  return counts
}

const send = (call: Call, operation: Operation, body: Body) => call(operation.method, pathOf(operation), { body })

type Case = { what: string; member: string; value: unknown; refused: boolean }

function* casesOf(document: Document, { properties, required = [] }: Schema): Generator<Case> {
  // What the payment provider sends is the provider's to shape: its signature is what is looked at.
  if (!properties) return
  yield { what: 'an unknown member', member: 'unknown', value: 1, refused: true }
  for (const member of required) yield { what: `no ${member}`, member, value: undefined, refused: true }
  for (const [member, given] of Object.entries(properties)) {
    const { type, format, minLength = 0, maxLength, enum: words, ...inner } = follow(document, given)
    if (type === 'object') {
      yield { what: `${member} is empty`, member, value: {}, refused: true }
      continue
    }
    if (type !== 'string') continue
    yield { what: `${member} is a number`, member, value: 1, refused: true }
    if (words) yield { what: `${member} is another word`, member, value: `${words[0]}x`, refused: true }
    if (maxLength === undefined) continue
    yield { what: `${member} is too long`, member, value: 'a'.repeat(maxLength + 1), refused: true }
    if (minLength > 0) yield { what: `${member} is too short`, member, value: 'a'.repeat(minLength - 1), refused: true }
    // Ids of the payment provider begin with what they are of.
    const [, start = ''] = /^\^([a-z]+_)/.exec(inner.pattern ?? '') ?? []
    const longest = start.padEnd(maxLength, 'a')
    if (format === undefined || format === 'password')
      yield { what: `${member} is as long as it may be`, member, value: longest, refused: false }
    if (inner.pattern)
      yield { what: `${member} has a null character`, member, value: 'aaaaaaaaaaaa\0aaa', refused: true }
  }
}

async function lint({ tree, folder, finish }: Context, document: Document): Promise<string[]> {
  const file = join(folder(), 'openapi.json')
  writeFileSync(file, JSON.stringify(document))
  const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  const linters = {
    redocly: ['lint', '--lint-config=error', '--format=stylish'],
    spectral: ['lint', '--fail-severity=hint', '--fail-on-unmatched-globs'],
  }
  await Promise.all(
    Object.entries(linters).map(async ([name, words]) => {
      const { code, said } = await finish([join(tree, 'node_modules/.bin', name), ...words, file], quiet, 60_000)
      if (code !== 0) red(code === null ? 'linter-did-not-end' : 'lint-fault', `${name}: ${said.slice(-1000)}`)
    }),
  )
  return Object.keys(linters)
}

/** The page for people: its scripts come from where it comes from. */
async function seePage(get: Get) {
  const page = await get('/docs')
  const isPage = page.status === 200 && page.field('content-type')?.includes('text/html')
  if (!isPage) red('no-page-for-people', String(page.status))
  const links = [...page.text.matchAll(/<(?:script|link)[^>]*? (?:src|href)="([^"]+)"/g)].map(([, link = '']) => link)
  const scripts = links.filter((link) => /\.js(\?v=[^?]*)?$/.test(link))
  if (scripts.length === 0) red('page-without-script')
  for (const link of links) {
    if (!/^\/(?!\/)/.test(link)) red('page-needs-another-host', link)
    const { status, text } = await get(link)
    if (status !== 200 || text === '') red('page-without-script', `${link}: ${status}`)
  }
  return { scripts: scripts.length }
}
