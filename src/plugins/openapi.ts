// Publishes the schemas that validate as OpenAPI 3.1 at /openapi.json, and a page for people at /docs that needs no internet.
// It has no backing store. To remove it, delete its line in app.ts.
import { isDeepStrictEqual } from 'node:util'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyReply, FastifyRequest, FastifySchema, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Access } from '../lib/actor.ts'
import { answerFields, NoBody } from '../lib/schemas.ts'
import { pagePolicy } from './security-fields.ts'

declare module 'fastify' {
  interface FastifySchema {
    operationId?: string
    hide?: boolean
    tags?: readonly string[]
    summary?: string
    description?: string
    security?: readonly Record<string, readonly string[]>[]
  }
}

type Options = { publicUrl: string; version: string }
type Json = Record<string, unknown>
type Answer = { description: string; headers?: Json; content?: Record<string, { schema?: { properties?: Json } }> }
type Parameter = { required?: boolean; schema: Json }
type Operation = {
  parameters?: Parameter[]
  security?: object[]
  deprecated?: boolean
  responses: Record<string, Answer>
}
/** What the controls make of an operation: whose calls are limited, whose answers may be 304, and may be cached; whether it goes. */
type Traits = { limited: boolean; conditional: boolean; cached: boolean; deprecated: boolean }
type Document = { paths: Record<string, Record<string, Operation>>; components: Json }

/** The one style sheet that swagger-ui writes into its page. A release may change it: openapi.browser.test.ts then says so. */
const swaggerUiStyle = 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='

export const openapi = fp<Options>(
  async (app, { publicUrl, version }) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Seaworthy',
          version,
          description: 'A job marketplace: clients post jobs, workers apply, contracts are paid through escrow.',
          contact: { name: 'Seaworthy', url: publicUrl },
          license: { name: 'MIT', identifier: 'MIT' } as { name: string },
        },
        servers: [{ url: publicUrl, description: 'This deployment, be it production, staging or local' }],
        tags: [
          { name: 'identity', description: 'Accounts and signing in' },
          { name: 'jobs', description: 'Jobs and their slugs' },
          { name: 'applications', description: 'Applying for jobs, and choosing who gets them' },
          { name: 'contracts', description: 'What was agreed on' },
          { name: 'payments', description: 'Money that moves' },
          { name: 'reviews', description: 'What the two sides of a contract say of each other' },
          { name: 'notifications', description: 'What you are told' },
          { name: 'uploads', description: 'Files that you keep here' },
          { name: 'flags', description: 'What some people have and others do not' },
          { name: 'operations', description: 'How far things are that were accepted for later' },
          { name: 'admin', description: 'What operators do' },
          { name: 'system', description: 'Health' },
        ],
        components: {
          securitySchemes: {
            bearer: {
              type: 'http',
              scheme: 'bearer',
              bearerFormat: 'JWT',
              description:
                'An access token of POST /v1/auth/login: a JWT (RFC9068), signed with EdDSA and checked as RFC8725 asks',
            },
            cookie: {
              type: 'apiKey',
              in: 'cookie',
              name: '__Host-access',
              description:
                'The same token, as the cookie of a browser that signed in with mode cookie: its writes need X-CSRF-Token, and an Origin of ours',
            },
          },
        },
      },
      transform: ({ schema, url, route }) => ({
        // Fastify serves a prefix with and without the slash at its end.
        url: url.replace(/(.)\/$/, '$1'),
        schema: { ...describedOf(schema), security: securityOf(route) },
      }),
      transformObject: (document) => ('openapiObject' in document ? complete(document.openapiObject) : {}),
    })

    await app.register(async (page) => {
      page.addHook('onRoute', (route) => {
        route.config = { ...route.config, access: 'public', limit: 'public' }
      })
      // Tags are made before the files are named, and another release has other names.
      page.addHook('preHandler', async ({ routeOptions }, reply) => {
        if (/^\/docs\/?$/.test(`${routeOptions.url}`)) reply.header('etag', `W/"docs-${version}"`)
      })
      page.addHook('onSend', async (request, reply, payload) => nameFiles(request, reply, payload, version))
      await page.register(swaggerUi, {
        routePrefix: '/docs',
        staticCSP: pagePolicy([swaggerUiStyle]),
        theme: {
          title: 'Seaworthy API',
          css: [{ filename: 'theme.css', content: '.swagger-ui .topbar { display: none }' }],
        },
      })
    })

    app.get('/openapi.json', { schema: { hide: true }, config: { access: 'public', limit: 'public' } }, () =>
      app.swagger(),
    )
  },
  { name: 'openapi' },
)

/**
 * The page asks for its files by the name of the release (?v=), under which they may be kept for a year. Under any other name, such as
 * one that another replica gave while a release goes out, they are asked for again each time: they may be those of another release.
 */
function nameFiles({ url }: FastifyRequest, reply: FastifyReply, payload: unknown, version: string): unknown {
  if (url.startsWith('/docs/static/') && url.endsWith(`?v=${version}`) && reply.statusCode < 400)
    reply.header('cache-control', 'public, max-age=31536000, immutable')
  if (!String(reply.getHeader('content-type')).startsWith('text/html') || typeof payload !== 'string') return payload
  return payload.replaceAll(/(\/static\/[^"?]+)"/g, `$1?v=${version}"`)
}

/** That a route takes no body is said by leaving it out. */
const describedOf = ({ body, ...schema }: FastifySchema): FastifySchema =>
  body === NoBody ? schema : { ...schema, ...(body !== undefined && { body }) }

function securityOf({ config }: RouteOptions): Record<string, string[]>[] {
  const access: Access = config?.access ?? 'user'
  // Nothing is asked for, and on purpose: an empty list could as well be an oversight.
  if (access === 'public') return [{}]
  const signedIn = [{ bearer: [] }, { cookie: [] }]
  return access === 'optional' ? [{}, ...signedIn] : signedIn
}

/** Adds what the schemas of the routes can't say, and moves what they share to components. */
function complete(given: object): object {
  const { paths, components, ...rest } = given as Document
  const shared = { headers: mapValues<object, object>(answerFields, fieldOf), responses: {}, schemas: {} }
  const completed = mapValues(paths, (item) =>
    mapValues(item, ({ parameters, responses, ...operation }) => ({
      ...operation,
      ...(parameters && { parameters: parameters.map(withDefault) }),
      responses: mapValues(responses, (answer, status) =>
        sharedAnswer(withFields(answer, status, traitsOf(responses, operation)), shared.responses),
      ),
    })),
  )
  const hoisted = hoistSchemas({ paths: completed, responses: shared.responses }, shared.schemas)
  return { ...rest, paths: hoisted.paths, components: { ...components, ...shared, responses: hoisted.responses } }
}

const fieldOf = ({ description, ...schema }: { description?: string }) => ({ description, schema })

/** The validator fills a default in before it asks for what is required, so a caller may leave that parameter out. */
const withDefault = (parameter: Parameter) =>
  'default' in parameter.schema ? { ...parameter, required: false } : parameter

/** Reads without a sign-in are the same for everyone: they are those that are cached. */
function traitsOf(
  responses: object,
  { security = [], deprecated = false }: Pick<Operation, 'security' | 'deprecated'>,
): Traits {
  const conditional = '304' in responses
  const open = security.some((way) => Object.keys(way).length === 0)
  return { limited: '429' in responses, conditional, cached: conditional && open, deprecated }
}

/** Names the fields that plugins and errors send along: a change to those is a change here. */
function withFields(answer: Answer, status: string, { limited, conditional, cached, deprecated }: Traits): Answer {
  const version = answer.content?.['application/json']?.schema?.properties?.version as { type?: string } | undefined
  const names: (keyof typeof answerFields)[] = ['X-Request-Id']
  if (version?.type === 'integer' || status === '412' || (conditional && status < '400')) names.push('ETag')
  if (status === '201' || status === '202') names.push('Location')
  if (status === '503' || status === '429') names.push('Retry-After')
  if (limited && (status < '400' || status === '429')) names.push('RateLimit', 'RateLimit-Policy')
  if (cached && status < '400') names.push('Cache-Status')
  if (deprecated && status < '400') names.push('Deprecation', 'Sunset', 'Link')
  return {
    ...answer,
    headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
  }
}

/** A refusal is the same wherever it stands; an answer of the route's own stays in its place. */
function sharedAnswer(answer: Answer, responses: Json): object {
  if (!answer.content?.['application/problem+json']) return answer
  return share('responses', responses, answer.description.replace(/\W/g, ''), answer)
}

/** Moves each object schema whose title is one word to components, so that generated clients get one type for it. */
function hoistSchemas<T>(node: T, schemas: Json): T {
  if (Array.isArray(node)) return node.map((entry) => hoistSchemas(entry, schemas)) as T
  if (typeof node !== 'object' || node === null) return node
  const walked: Json = mapValues(node as Json, (value) => hoistSchemas(value, schemas))
  const { type, title } = walked
  const named = type === 'object' && typeof title === 'string' && /^[A-Z]\w+$/.test(title)
  return (named ? share('schemas', schemas, title, walked) : walked) as T
}

/** Throws when another part already has the name: one of the two would vanish from the document. */
function share(kind: string, parts: Json, name: string, part: object): object {
  if (name in parts && !isDeepStrictEqual(parts[name], part)) throw new Error(`Two ${kind} are called ${name}`)
  parts[name] = part
  return { $ref: `#/components/${kind}/${name}` }
}

const mapValues = <T, U>(object: Record<string, T>, change: (value: T, key: string) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
