import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../src/app.ts'
import { createLog } from '../src/lib/log.ts'
import { createMetrics } from '../src/lib/metrics.ts'
import { openQueueViews } from '../src/lib/queue-views.ts'
import { buildTestApp } from './app.ts'
import { newJob } from './builders.ts'
import { run } from './run.ts'
import { begin } from './telemetry.ts'

type Schema = { [keyword: string]: unknown }
type Answer = { $ref?: string; description: string; headers?: object; content?: Record<string, { schema: Schema }> }
type Operation = {
  operationId: string
  security: object[]
  parameters?: { name: string; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, Answer>
}
type Document = {
  paths: Record<string, Record<string, Operation>>
  components: Record<string, Record<string, unknown>>
}

const { app, call, signUp, services, config } = await buildTestApp()
const served: Document = (await call('GET', '/openapi.json')).json()
const operations = Object.values(served.paths).flatMap((item) => Object.values(item))

const within = (node: unknown, ...path: string[]) =>
  path.reduce<unknown>((part, name) => (part as Schema)[name], node) as Schema
const follow = (part: { $ref?: unknown }) =>
  part.$ref ? within(served, ...String(part.$ref).split('/').slice(1)) : (part as Schema)

describe('the routes', () => {
  // By hand: what is for people or for the document itself.
  const isHidden = (route: string) =>
    /^GET \/(openapi\.json|\.well-known\/security\.txt|docs(\/.*)?)?$|^\w+ \/admin\/queues(\/|$)/.test(route)

  /** All that the router holds, read from its own tree, in which neither schemas nor hooks have a say. A GET brings its HEAD. */
  function routesOf(instance: FastifyInstance): string[] {
    const path: string[] = []
    const routes = instance
      .printRoutes()
      .split('\n')
      .flatMap((line) => {
        const [, indent = '', segment = '', methods = ''] = /^(.*)[├└]── (\S*)(?: \((.+)\))?$/.exec(line) ?? []
        path.splice(indent.length / 4, path.length, segment)
        const url = path.join('').replace(/(.)\/$/, '$1')
        const verbs = methods.split(', ').filter((verb) => verb !== '' && !(verb === 'HEAD' && methods.includes('GET')))
        return verbs.map((verb) => `${verb} ${url.replace(/:(\w+)/g, '{$1}')}`)
      })
    return [...new Set(routes)]
  }

  const documented = ({ paths }: Document) =>
    Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((verb) => `${verb.toUpperCase()} ${path}`))

  test('of the service and of the document are the same', () => {
    const routes = routesOf(app)
    expect(routes).toEqual(
      expect.arrayContaining(['GET /v1/jobs/{id}', 'DELETE /v1/jobs/{id}/publication', 'GET /docs']),
    )
    expect(routes.filter((route) => !isHidden(route)).sort()).toEqual(documented(served).sort())
  })

  test('that nobody documented come to light', async () => {
    const log = createLog({ level: 'silent', format: 'json', service: 'test', version: '', deployment: '' })
    const queues = openQueueViews({ ...config.queues, onError: () => {} })
    const poolUse = () => ({ total: 0, idle: 0, waiting: 0, max: 0 })
    const parts = { ...services, metrics: createMetrics() }
    const second = await buildApp({ config, services: parts, log, begin, queues, poolUse, homePage: '<p>' })
    second.get(
      '/v1/jobs/:id/secret',
      { schema: { hide: true }, config: { access: 'public', limit: 'none' } },
      async () => ({}),
    )
    await second.ready()
    const known = documented((await second.inject('/openapi.json')).json())
    const missing = routesOf(second).filter((route) => !known.includes(route) && !isHidden(route))
    expect(missing).toEqual(['GET /v1/jobs/{id}/secret'])
    await second.close()
  })
})

describe('what is taken', () => {
  const ajv = new Ajv({ strict: false })
  addFormats.default(ajv)
  const ofFormat: Record<string, string[]> = {
    uuid: ['0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11'],
    email: ['ada@example.com'],
    'date-time': ['2026-01-31T09:30:00Z'],
  }

  /** Every schema within one that can be a text: also one that says nothing about what it is. */
  function* textsIn(schema: Schema, at: string): Generator<[at: string, schema: Schema]> {
    if (schema.$ref) return yield* textsIn(follow(schema), at)
    // Bytes are no text, and bounded by the limit of the body.
    if (schema.contentMediaType) return
    const parts = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((part) => (part ?? []) as Schema[])
    for (const part of parts) yield* textsIn(part, at)
    for (const [name, part] of Object.entries(schema.properties ?? {})) yield* textsIn(part, `${at}/${name}`)
    if (schema.items) yield* textsIn(schema.items as Schema, `${at}/*`)
    if (parts.length === 0 && (schema.type === undefined || [schema.type].flat().includes('string'))) yield [at, schema]
  }

  function faultOf({ type, enum: words, maxLength, pattern, format }: Schema): string | undefined {
    if (type === undefined) return 'takes anything'
    if (Array.isArray(words)) return words.join('').includes('\0') ? 'takes U+0000' : undefined
    if (typeof maxLength !== 'number') return 'has no upper bound'
    const accepts = ajv.compile({ type, pattern, format })
    const matching = fc.stringMatching(new RegExp(String(pattern ?? '^a$'), 'u'))
    const texts = ofFormat[String(format)] ?? fc.sample(matching, { numRuns: 50, seed: 7 })
    if (!texts.some((text) => accepts(text))) return 'could not be examined'
    const withNull = texts.flatMap((text) =>
      Array.from(`${text}.`, (_, at) => `${text.slice(0, at)}\0${text.slice(at)}`),
    )
    return withNull.some((text) => accepts(text)) ? 'takes U+0000' : undefined
  }

  test('has an upper bound and no U+0000, wherever it is text', () => {
    const texts = operations.flatMap(({ operationId, parameters = [], requestBody }) => [
      ...parameters.flatMap(({ name, schema }) => [...textsIn(schema, `${operationId} ${name}`)]),
      ...Object.values(requestBody?.content ?? {}).flatMap(({ schema }) => [...textsIn(schema, `${operationId} body`)]),
    ])
    const faults = texts.map(([at, schema]) => [at, faultOf(schema)]).filter(([, fault]) => fault)
    expect(texts.map(([at]) => at)).toEqual(
      expect.arrayContaining(['listJobs q', 'createJob body/skills/*', 'getJob id']),
    )
    expect(faults).toEqual([])
  })

  test.each<[string, Schema]>([
    ['takes anything', {}],
    ['has no upper bound', { type: 'string', pattern: '^a$' }],
    ['takes U+0000', { type: ['string', 'null'], maxLength: 9 }],
    ['takes U+0000', { type: 'string', maxLength: 9, pattern: '^a' }],
    ['takes U+0000', { type: 'string', maxLength: 9, format: 'password' }],
    ['takes U+0000', { type: 'string', enum: ['a', '\0'] }],
  ])('%s is seen in %j', (fault, schema) => {
    const found = [...textsIn({ type: 'object', properties: { list: { type: 'array', items: schema } } }, '')]
    expect(found.map(([at, text]) => [at, faultOf(text)])).toEqual([['/list/*', fault]])
  })
})

describe('what is answered', () => {
  const answersOf = ({ responses }: Operation) =>
    Object.entries(responses).map(([status, answer]) => [Number(status), follow(answer) as Answer] as const)

  test('is a problem when it refuses, and a named schema when it does not', () => {
    const { Problem, Job, User } = served.components.schemas ?? {}
    expect([Problem, Job, User]).toMatchObject([{ title: 'Problem' }, { title: 'Job' }, { title: 'User' }])
    const schemas = operations.flatMap((operation) =>
      answersOf(operation).map(([status, { content = {} }]) => {
        const [type, media] = Object.entries(content)[0] ?? []
        const ref = media?.schema.$ref
        if ([101, 204, 304].includes(status)) return type === undefined
        if (media?.schema.contentMediaType) return status === 200 && media.schema.contentMediaType === type
        if (status < 400) return type === 'application/json' && typeof ref === 'string'
        return type === 'application/problem+json' && ref === '#/components/schemas/Problem'
      }),
    )
    expect(schemas.length).toBeGreaterThan(operations.length)
    expect(schemas).not.toContain(false)
  })

  test('says what it is and who may ask, without extensions', () => {
    for (const operation of operations) {
      expect(operation.security.length, operation.operationId).toBeGreaterThan(0)
      for (const [, { description }] of answersOf(operation)) expect(description).not.toBe('Default Response')
    }
    expect(JSON.stringify(served)).not.toMatch(/"(x-[^"]*|nullable)":/)
  })

  function drainedReady() {
    services.readiness.drain()
    return call('GET', '/health/ready')
  }

  test('carries the fields that it names', async () => {
    const client = await signUp('client')
    const account = { email: 'new@example.com', password: client.password, name: 'New', role: 'worker' }
    const job = (await call('POST', '/v1/jobs', { as: client, body: newJob() })).json()
    await call('POST', `/v1/jobs/${job.id}/publication`, { as: client })
    const stale = { as: client, body: { title: 'Another title' }, headers: { 'if-match': '"9"' } }
    const answers = [
      ['getJob', await call('GET', `/v1/jobs/${job.id}`, { as: client })],
      ['createJob', await call('POST', '/v1/jobs', { as: client, body: newJob() })],
      ['register', await call('POST', '/v1/auth/register', { body: account })],
      ['editJob', await call('PATCH', `/v1/jobs/${job.id}`, stale)],
      ['getLive', await call('GET', '/health/live')],
      ['getReady', await drainedReady()],
    ] as const
    expect(answers.map(([, { statusCode }]) => statusCode)).toEqual([200, 201, 201, 412, 200, 503])
    for (const [id, { statusCode, headers }] of answers) {
      const operation = operations.find(({ operationId }) => operationId === id)
      const answer = follow(within(operation, 'responses', String(statusCode))) as Answer
      const named = Object.keys(answer.headers ?? {}).map((name) => name.toLowerCase())
      expect(
        named.filter((name) => headers[name] === undefined),
        id,
      ).toEqual([])
      const sent = ['etag', 'location', 'retry-after', 'x-request-id'].filter((name) => headers[name] !== undefined)
      expect(named, id).toEqual(expect.arrayContaining(sent))
    }
  })
})

test('the page for people needs no other host', async () => {
  const page = await call('GET', '/docs')
  expect(page.headers['content-type']).toContain('text/html')
  const links = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link = '']) => link)
  expect(links.filter((link) => /\.(js|css)\?v=/.test(link)).length).toBeGreaterThan(3)
  for (const link of links) {
    expect(link).toMatch(/^\/docs\/static\/[\w./-]+\?v=[\w.-]+$/)
    const part = await call('GET', link)
    expect([link, part.statusCode]).toEqual([link, 200])
    expect(part.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    if (link.includes('.css?')) expect(part.body).not.toMatch(/@import|url\(\s*["']?(https?:)?\/\//)
    // Unless told otherwise, the page sends the document's address to a validator on the internet.
    if (link.includes('initializer.js?')) expect(part.body).toMatch(/validatorUrl: null/)
  }
})

describe('the tools', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'seaworthy-openapi-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('write the document without a database, and see when it is no longer current', async () => {
    const file = join(folder, 'current.json')
    expect(await run('node', ['tools/openapi.ts', file])).toMatchObject({ code: 0 })
    const { components, paths } = JSON.parse(await readFile(file, 'utf8'))
    expect({ components, paths }).toEqual({ components: served.components, paths: served.paths })
    expect(await run('node', ['tools/openapi.ts', '--check', file])).toMatchObject({ code: 0 })
    await writeFile(file, '{}\n')
    const { code, stderr } = await run('node', ['tools/openapi.ts', '--check', file])
    expect([code, stderr]).toEqual([1, expect.stringContaining('npm run openapi')])
  })

  test.each([
    ['redocly', ['lint', '--format=stylish'], 'security-defined'],
    ['spectral', ['lint', '--fail-severity=hint'], 'owasp:api4:2023-string-limit'],
    ['spectral', ['lint', '--fail-severity=hint'], 'guarded-operations-define-401'],
  ])('%s %j finds the fault that %s is about', async (linter, args, rule) => {
    const faulty = { ...structuredClone(served), servers: [{ url: 'https://seaworthy.example', description: 'local' }] }
    delete within(faulty, 'paths', '/v1/jobs', 'post').security
    delete within(faulty, 'paths', '/v1/jobs', 'get', 'responses')['401']
    delete within(faulty, 'components', 'schemas', 'NewJob', 'properties', 'title').maxLength
    const file = join(folder, 'faulty.json')
    await writeFile(file, JSON.stringify(faulty))
    const { code, stdout } = await run(linter, [...args, file], { env: { ...process.env, REDOCLY_TELEMETRY: 'off' } })
    expect([code, stdout]).toEqual([1, expect.stringContaining(rule)])
  })
})
