// Bare Fastify and pg: the transaction of one application, by named statements, validated and serialised by the schemas of the service.
// Who applies is believed; what the service would seal is written as it is.
import Fastify from 'fastify'
import pg from 'pg'
import { Application, NewApplication } from '../../src/modules/applications/applications.schemas.ts'
import { answerParent } from '../child.ts'
import { statements } from './write.sql.ts'

export type Given = { url: string; poolMax: number }
type Values = Record<string, unknown>

/** Answers where it listens. */
answerParent(async ({ url, poolMax }: Given): Promise<string> => {
  const pool = new pg.Pool({ connectionString: url, max: poolMax })
  const app = Fastify()
  app.post(
    '/v1/jobs/:id/applications',
    { schema: { body: NewApplication, response: { 201: Application } } },
    async (request, reply) => {
      const { id: job } = request.params as { id: string }
      const { coverLetter: letter } = request.body as { coverLetter: string }
      const { 'x-worker': worker, 'idempotency-key': key } = request.headers
      const client = await pool.connect()
      try {
        const made = await applied(client, { job, letter, worker, key, route: `POST ${request.url}` })
        reply.code(201)
        return made
      } finally {
        client.release()
      }
    },
  )
  return app.listen({ host: '127.0.0.1', port: 0 })
})

async function applied(client: pg.PoolClient, given: Values): Promise<Values> {
  await client.query(statements.begin)
  await run(client, 'claim', { ...given, hash })
  const [job] = await run(client, 'hold', given)
  const [row] = await run(client, 'apply', given)
  if (!job || !row) throw new Error('It is no open job, or the worker applied before')
  const made = answerOf(row)
  const { id, jobId, workerId, coverLetter, status } = made
  await run(client, 'record', { ...given, id, after: { plain: { jobId, status }, sealed: coverLetter } })
  const facts = { applicationId: id, jobId, jobTitle: job.title, clientId: job.client_id, workerId }
  await run(client, 'tell', { ...given, id, facts })
  await run(client, 'store', { ...given, answer: made })
  await client.query(statements.commit)
  return made
}

const hash = Buffer.alloc(32, 1)
const prepared = new Map<string, { text: string; names: string[] }>()

async function run(client: pg.PoolClient, name: keyof typeof statements, values: Values = {}): Promise<Values[]> {
  const { text, names } = prepared.get(name) ?? prepare(name)
  return (await client.query({ name, text, values: names.map((one) => values[one]) })).rows
}

function prepare(name: keyof typeof statements) {
  const names: string[] = []
  const text = statements[name].replace(/\{(\w+)\}/g, (_, word: string) => {
    if (!names.includes(word)) names.push(word)
    return `$${names.indexOf(word) + 1}`
  })
  prepared.set(name, { text, names })
  return { text, names }
}

const answerOf = (row: Values): Values => ({
  id: row.id,
  jobId: row.job_id,
  workerId: row.worker_id,
  coverLetter: row.cover_letter,
  status: row.status,
  createdAt: (row.created_at as Date).toISOString(),
  updatedAt: (row.updated_at as Date).toISOString(),
})
