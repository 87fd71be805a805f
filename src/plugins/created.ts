// Answers 201 and says where what was made can be read, or 202 and where to ask how far it is, for routes that declare it: also when
// the answer is a replay.
// It has no backing store. To remove it, delete its line in app.ts: such routes then answer 200 without Location.
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The path of what a successful call makes; `:id` stands for the id in its answer. */
    created?: `/${string}`
    /** The same of what is only accepted, and done later. */
    accepted?: `/${string}`
  }
}

export const created = fp(
  async (app) => {
    app.addHook('preSerialization', async ({ routeOptions }, reply, payload: unknown) => {
      const { created, accepted } = routeOptions.config
      const path = created ?? accepted
      if (path && reply.statusCode === 200)
        reply.code(created ? 201 : 202).header('location', path.replace(':id', idOf(payload)))
      return payload
    })
  },
  { name: 'created', dependencies: ['controls'] },
)

const idOf = (payload: unknown) => String((payload as { id?: unknown } | null)?.id ?? '')
