// HTTP door: answers the API until the process is told to stop.
import { buildApp } from './app.ts'
import { loadConfig } from './config.ts'
import { open } from './door.ts'
import { startMetrics } from './metrics.ts'
import { type Part, type Process, run } from './run.ts'

/** Listens. Rejects when the port is taken. */
export async function startServer(
  { config, log, resources, services }: Process,
  homePage?: string,
): Promise<Part & { address: string }> {
  const app = await buildApp({ config, services, log, poolUse: resources.poolUse, homePage })
  const { host, port } = config.http
  try {
    return { address: await app.listen({ host, port }), close: () => app.close() }
  } catch (error) {
    await app.close()
    throw error
  }
}

if (import.meta.main)
  await open(() => run(loadConfig(), 'seaworthy-api', [startMetrics, (process) => startServer(process)]))
