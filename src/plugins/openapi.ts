// Publishes the schemas that validate as OpenAPI 3.1 at /openapi.json, and a page for people at /docs that needs no internet.
// It has no backing store. To remove it, delete its line in app.ts.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Access } from '../lib/actor.ts'

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
        servers: [{ url: publicUrl, description: 'This deployment' }],
        tags: [
          { name: 'identity', description: 'Accounts and signing in' },
          { name: 'jobs', description: 'Jobs and their slugs' },
          { name: 'system', description: 'Health, and this document' },
        ],
        components: {
          securitySchemes: {
            bearer: {
              type: 'http',
              scheme: 'bearer',
              bearerFormat: 'JWT (RFC 9068, RFC 8725)',
              description: 'An access token of POST /v1/auth/login',
            },
          },
        },
      },
      transform: ({ schema, url, route }) => ({ url, schema: { ...schema, security: securityOf(route) } }),
      transformObject: (document) => ('openapiObject' in document ? withComponents(document.openapiObject) : {}),
    })

    await app.register(async (page) => {
      page.addHook('onRoute', (route) => {
        route.config = { ...route.config, access: 'public' }
      })
      await page.register(swaggerUi, { routePrefix: '/docs', theme: { title: 'Seaworthy API' } })
    })

    app.get('/openapi.json', { schema: { hide: true }, config: { access: 'public' } }, () => app.swagger())
  },
  { name: 'openapi' },
)

function securityOf({ config }: RouteOptions): Record<string, string[]>[] {
  const access: Access = config?.access ?? 'user'
  if (access === 'public') return []
  return access === 'optional' ? [{}, { bearer: [] }] : [{ bearer: [] }]
}

/** Moves each schema that has a one-word title to components/schemas, so that generated clients get one type for it. */
function withComponents<T extends object>(document: T): T {
  const schemas: Json = {}
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk)
    if (typeof node !== 'object' || node === null) return node
    const walked = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value)]))
    const { type, title } = walked
    if (type !== 'object' || typeof title !== 'string' || !/^[A-Z]\w+$/.test(title)) return walked
    schemas[title] = walked
    return { $ref: `#/components/schemas/${title}` }
  }
  const { components = {}, ...rest } = walk(document) as Json & { components?: Json }
  return { ...rest, components: { ...components, schemas } } as unknown as T
}
