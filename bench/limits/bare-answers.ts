// Bare Fastify: serialises one object from memory, by a schema of the service, and does nothing else.
import Fastify from 'fastify'
import { Job, JobPage } from '../../src/modules/jobs/jobs.schemas.ts'
import { answerParent } from '../child.ts'

export type Given = { path: string; shape: 'page' | 'job'; value: object }

/** Answers where it listens. */
answerParent(async ({ path, shape, value }: Given): Promise<string> => {
  const app = Fastify()
  app.get(path, { schema: { response: { 200: shape === 'page' ? JobPage : Job } } }, async () => value)
  return app.listen({ host: '127.0.0.1', port: 0 })
})
