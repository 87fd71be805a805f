// What probes set up by calls, and the document that they hold the service against.
import type { Answer, Call, CallOptions } from '../context/http.ts'
import { red } from '../control.ts'
import { operationOf, pathOf } from './routes-table.ts'

type Options = CallOptions & { part?: string }
export type Made = { id: string; version: number; slug: string }

/** Calls an operation of the table: on a new object unless told which, with its example body unless told another. */
export function invoke(call: Call, id: string, { part, ...options }: Options = {}): Promise<Answer> {
  const operation = operationOf(id)
  return call(operation.method, pathOf(operation, part), {
    ...(operation.body && { body: operation.body() }),
    ...operation.file?.(),
    ...options,
    ...(operation.file && { headers: { ...operation.file().headers, ...options.headers } }),
  })
}

/** The same where it has to succeed, because nothing can be looked at without it. */
export async function make(call: Call, id: string, options: Options = {}): Promise<Made> {
  const answer = await invoke(call, id, options)
  if (answer.status >= 300) red('cannot-set-up', `${id}: ${answer.status} ${answer.text.slice(0, 300)}`)
  return answer.text === '' ? { id: '', version: 0, slug: '' } : answer.json<Made>()
}

export async function openJob(client: Call, options: Options = {}): Promise<Made> {
  const { id } = await make(client, 'createJob', options)
  return make(client, 'publishJob', { part: id })
}

export type Schema = {
  $ref?: string
  type?: string
  enum?: string[]
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  maxLength?: number
  maximum?: number
}
type Content = Record<string, { schema: Schema }>
type Parameter = { in: 'path' | 'query' | 'header'; name: string; schema: Schema }
export type Described = {
  operationId: string
  security: object[]
  parameters?: Parameter[]
  requestBody?: { content: Content }
  responses: Record<string, { $ref?: string; content?: Content }>
  /** As in `GET /v1/jobs/{id}`. */
  route: string
}

/** The document as it is served. Red where there is none. */
export async function readDocument(get: (path: string) => Promise<Answer>) {
  const answer = await get('/openapi.json')
  if (answer.status !== 200) red('no-document', String(answer.status))
  const document = answer.json<{ paths: Record<string, Record<string, Omit<Described, 'route'>>> }>()
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(
      ([verb, described]): Described => ({ ...described, route: `${verb.toUpperCase()} ${path}` }),
    ),
  )

  return { operations, follow, bodyOf, unknownMembers }

  /** What a reference leads to; anything else is what it is. */
  function follow<T extends { $ref?: string }>(part: T): T {
    const names = part.$ref?.split('/').slice(1)
    return names ? (names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], document) as T) : part
  }

  function bodyOf({ requestBody }: Described): Schema | undefined {
    const schema = requestBody?.content['application/json']?.schema
    return schema && follow(schema)
  }

  /** The members of an answer that its schema does not have, as JSON Pointers. */
  function unknownMembers(id: string, { status, text, json }: Answer): string[] {
    const described = operations.find(({ operationId }) => operationId === id)?.responses[status]
    const schema = described && Object.values(follow(described).content ?? {})[0]?.schema
    if (text === '') return []
    return schema ? [...unknownIn(json(), schema, '')] : ['']
  }

  function* unknownIn(value: unknown, given: Schema, at: string): Generator<string> {
    const { anyOf = [], properties = {}, items = {} } = follow(given)
    if (typeof value !== 'object' || value === null) return
    const other = anyOf.find(({ type }) => type !== 'null')
    if (other) return yield* unknownIn(value, other, at)
    for (const [name, member] of Object.entries(value)) {
      const known = Array.isArray(value) ? items : properties[name]
      if (known) yield* unknownIn(member, known, `${at}/${name}`)
      else yield `${at}/${name}`
    }
  }
}
