// Stops a route from being served without its controls: the boot fails on a route that does not say who may call it, has no
// operation id or response schema, or carries an unknown key in its config (a misspelt key would switch a control off silently).
// It has no backing store. To remove it, delete its line in app.ts: nothing then notices an undeclared route.
import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { type Access, roles } from '../lib/actor.ts'
import { policies } from '../lib/limits.ts'
import { refusals } from '../lib/schemas.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
}

const known = new Set([
  ...['access', 'limit', 'idempotent', 'created', 'accepted', 'cached', 'writes', 'timeout', 'renews', 'deprecated'],
])
const limits: unknown[] = [...policies, 'none']
// What Fastify itself puts into a route's config.
const fastifyOwn = new Set(['url', 'method'])

export const controls = fp(
  async (app) => {
    const routes: RouteOptions[] = []
    app.addHook('onRoute', (route) => {
      routes.push(route)
      if (route.schema?.response)
        route.schema.response = { ...refusals(...impliedRefusals(route)), ...route.schema.response }
    })
    app.addHook('onReady', async () => {
      if (routes.length === 0) throw new Error('No route came under control: register the controls before the routes')
      const faults = routes.flatMap(faultsOf)
      if (faults.length > 0) throw new Error(`Some routes are not under control:\n${faults.join('\n')}`)
    })
  },
  { name: 'controls' },
)

function faultsOf({ method, url, schema, config = {} }: RouteOptions): string[] {
  const unknown = Object.keys(config).filter((key) => !known.has(key) && !fastifyOwn.has(key))
  const faults = unknown.map((key) => `has the unknown config key "${key}"`)
  if (!isAccess(config.access)) faults.push('does not declare who may call it (config.access)')
  if (!limits.includes(config.limit)) faults.push('does not declare what limits its callers (config.limit)')
  if (!schema?.hide && !schema?.operationId) faults.push('has no operationId')
  if (!schema?.hide && !schema?.response) faults.push('has no response schema')
  if (config.idempotent && method !== 'POST') faults.push('is idempotent by its method: only a POST takes a key')
  return faults.map((fault) => `  ${method} ${url} ${fault}`)
}

function isAccess(access: unknown): access is Access {
  if (Array.isArray(access)) return access.length > 0 && access.every((role) => roles.includes(role))
  return access === 'public' || access === 'optional' || access === 'user'
}

/** The statuses with which the server and the controls in front of a handler may answer. */
function impliedRefusals({ method, config = {} }: RouteOptions): number[] {
  const readsBody = ['POST', 'PUT', 'PATCH', 'DELETE'].some((verb) => method.includes(verb))
  return [
    // What isn't HTTP, comes too slowly or is too long is refused on any route.
    ...[400, 408, 414, 421, 431],
    ...(config.limit === 'none' ? [] : [429]),
    ...(config.access === 'public' ? [] : [401]),
    ...(Array.isArray(config.access) ? [403] : []),
    ...(config.idempotent ? [409, 422] : []),
    ...(readsBody ? [413, 415] : []),
    ...[500, 503, 504],
  ]
}
