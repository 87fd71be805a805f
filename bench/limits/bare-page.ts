// Bare Fastify and pg: one page by one named statement, serialised by the schema of the service, and nothing else.
import Fastify from 'fastify'
import pg from 'pg'
import { JobPage } from '../../src/modules/jobs/jobs.schemas.ts'
import { answerParent } from '../child.ts'

/** `next` is the cursor of each answer: to sign one is not this program's work. */
export type Given = {
  url: string
  poolMax: number
  text: string
  values: unknown[]
  limit: number
  next: string | null
}

/** Answers where it listens. */
answerParent(async ({ url, poolMax, text, values, limit, next }: Given): Promise<string> => {
  const pool = new pg.Pool({ connectionString: url, max: poolMax })
  const app = Fastify()
  app.get('/v1/jobs', { schema: { response: { 200: JobPage } } }, async () => {
    const { rows } = await pool.query({ name: 'page', text, values })
    return { data: rows.slice(0, limit).map(jobOf), page: { next } }
  })
  return app.listen({ host: '127.0.0.1', port: 0 })
})

const instant = (at: Date | null) => at?.toISOString() ?? null

const jobOf = (row: Record<string, unknown>) => ({
  ...row,
  clientId: row.client_id,
  budget: { amount: Number(row.budget_amount), currency: row.budget_currency },
  createdAt: instant(row.created_at as Date),
  updatedAt: instant(row.updated_at as Date),
  publishedAt: instant(row.published_at as Date | null),
  closedAt: instant(row.closed_at as Date | null),
})
