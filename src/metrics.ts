// Serves the metrics on a port of their own, which the edge does not lead to.
import { createServer } from 'node:http'
import type { Part, Process } from './run.ts'

/** Listens. Rejects when the port is taken. */
export async function startMetrics({ config, log, services: { metrics } }: Process): Promise<Part> {
  const server = createServer(async ({ url }, answer) => {
    if (url !== '/metrics') return void answer.writeHead(404).end()
    await metrics.serve(answer)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(config.edge.metricsPort, config.http.host, resolve)
  })
  const { port } = server.address() as { port: number }
  log.info({ port }, 'metrics are served')
  return { close: () => new Promise((resolve) => server.close(resolve)) }
}
