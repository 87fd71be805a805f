// Shows operators the queues in a browser: what waits, runs, failed, and why. It changes nothing: dead letters are put back by
// /v1/admin/dead-letters, with an audit row. Whoever is not signed in as support or admin is refused like everywhere else; a browser
// signs in by POST /v1/auth/login with mode cookie. Without the queues' store its pages say so, and nothing else is affected.
// To remove it, delete its line in app.ts.
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import type { Queue } from 'bullmq'
import type { FastifyPluginAsync } from 'fastify'
import { pagePolicy } from './security-fields.ts'

const basePath = '/admin/queues'

export const queueBoard: FastifyPluginAsync<{ queues: () => Queue[] }> = async (app, { queues }) => {
  const serverAdapter = new FastifyAdapter()
  serverAdapter.setBasePath(basePath)
  const board = createBullBoard({
    queues: [],
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Seaworthy queues' } },
  })
  // Its own handler would answer with a stack: what is thrown on goes to ours.
  serverAdapter.setErrorHandler((error) => {
    throw error
  })
  let isFilled = false

  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, hide: true }
    route.config = { ...route.config, access: ['support', 'admin'], limit: 'read' }
  })
  app.addHook('preHandler', async (_request, reply) => {
    // Its files are found from the base that it names.
    reply.header('content-security-policy', pagePolicy([], { baseUri: ["'self'"] }))
    if (isFilled) return
    board.setQueues(queues().map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })))
    isFilled = true
  })
  await app.register(serverAdapter.registerPlugin(), { prefix: basePath })
}
