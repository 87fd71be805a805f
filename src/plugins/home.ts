// The development home page at /. `npm start` hands the page over; a production start has none, and / is then 404.
// It has no backing store. To remove it, delete its line in app.ts.
import type { FastifyPluginAsync } from 'fastify'

export const home: FastifyPluginAsync<{ page: string | undefined }> = async (app, { page }) => {
  if (!page) return
  app.get('/', { schema: { hide: true }, config: { access: 'public', limit: 'public' } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(page),
  )
}
