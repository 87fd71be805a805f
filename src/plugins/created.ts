// Answers 201 and says where what was made can be read, for routes that declare it: also when the answer is a replay.
// It has no backing store. To remove it, delete its line in app.ts: such routes then answer 200 without Location.
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The path of what a successful call makes; `:id` stands for the id in its answer. */
    created?: `/${string}`
  }
}

export const created = fp(
  async (app) => {
    app.addHook('preSerialization', async ({ routeOptions }, reply, payload: unknown) => {
      const path = routeOptions.config.created
      if (path && reply.statusCode === 200) reply.code(201).header('location', path.replace(':id', idOf(payload)))
      return payload
    })
  },
  { name: 'created', dependencies: ['controls'] },
)

const idOf = (payload: unknown) => String((payload as { id?: unknown } | null)?.id ?? '')
