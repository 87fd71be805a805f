// The development home page at /. `npm start` hands the page over; a production start has none, and / is then 404.
// It has no backing store. To remove it, delete its line in app.ts.
import { hash } from 'node:crypto'
import type { FastifyPluginAsync } from 'fastify'
import { pagePolicy } from './security-fields.ts'

export const home: FastifyPluginAsync<{ page: string | undefined }> = async (app, { page }) => {
  if (!page) return
  const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style = '']) => style)
  const policy = pagePolicy(styles.map((style) => `sha256-${hash('sha256', style, 'base64')}`))
  app.get('/', { schema: { hide: true }, config: { access: 'public', limit: 'public' } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(page),
  )
}
