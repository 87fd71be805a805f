// Stops a route from going without a word: one that declares when it goes says so in every answer, refusals too, by Deprecation
// (RFC 9745), Sunset (RFC 8594) and a Link to its successor (RFC 5829), and the OpenAPI document marks it.
// It has no backing store. To remove it, delete its line in app.ts: such routes then go on as if they were to stay.
import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Since when clients are asked to leave, until when it answers (RFC 3339), and the path of what they call instead. */
    deprecated?: { since: string; until: string; successor: `/${string}` }
  }
  interface FastifySchema {
    deprecated?: boolean
  }
}

export const deprecated = fp(
  async (app) => {
    app.addHook('onRoute', (route) => {
      if (!route.config?.deprecated) return
      fieldsOf(route.config.deprecated)
      route.schema = { ...route.schema, deprecated: true }
    })

    app.addHook('onSend', async ({ routeOptions }, reply, payload) => {
      if (routeOptions.config?.deprecated) reply.headers(fieldsOf(routeOptions.config.deprecated))
      return payload
    })
  },
  { name: 'deprecated', dependencies: ['controls'] },
)

/** Throws, at boot, for what is no time. */
function fieldsOf({ since, until, successor }: NonNullable<NonNullable<RouteOptions['config']>['deprecated']>) {
  const [from, end] = [new Date(since), new Date(until)]
  if (!(from.getTime() < end.getTime())) throw new Error(`A route cannot be deprecated since ${since} until ${until}`)
  return {
    deprecation: `@${from.getTime() / 1000}`,
    sunset: end.toUTCString(),
    link: `<${successor}>; rel="successor-version"`,
  }
}
