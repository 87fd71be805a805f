// Answers 201 and says where what was made can be read, or 202 and where to ask how far it is, for routes that declare it: also when
// the answer is a replay.
// It has no backing store. To remove it, delete its line in app.ts: such routes then answer 200 without Location.
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The path of what a successful call makes; `:id` stands for the id in its answer, and so on. */
    created?: `/${string}`
    /** The same of what is only accepted, and done later. A route with both answers one or the other, by `request.once.status`. */
    accepted?: `/${string}`
  }
}

export const created = fp(
  async (app) => {
    app.addHook('preSerialization', async ({ routeOptions, once }, reply, payload: unknown) => {
      const { created, accepted } = routeOptions.config
      const isMade = created && (!accepted || once?.status === 201)
      const path = isMade ? created : accepted
      if (path && reply.statusCode === 200) reply.code(isMade ? 201 : 202).header('location', pathTo(path, payload))
      return payload
    })
  },
  { name: 'created', dependencies: ['controls'] },
)

/** Each `:name` in the path is that member of the answer. */
const pathTo = (path: string, payload: unknown) =>
  path.replace(/:(\w+)/g, (_, name) => String((payload as Record<string, unknown> | null)?.[name] ?? ''))
