// What /health/status says beside what readiness does: for an operator who wants to know how it is, in one look.
import { statfs } from 'node:fs/promises'
import process from 'node:process'
import type { Config } from './config.ts'
import type { QueueViews } from './lib/queue-views.ts'
import type { Resources } from './resources.ts'
import type { Services } from './services.ts'
import { version } from './version.ts'

type Parts = { config: Config; services: Services; poolUse: Resources['poolUse']; queues: Pick<QueueViews, 'counts'> }

export const statusOf =
  ({ config, services, poolUse, queues }: Parts) =>
  async () => ({
    version,
    node: process.version,
    deployment: config.deployment,
    uptimeSeconds: Math.round(process.uptime()),
    pool: poolUse(),
    breakers: services.outside.list().map(({ name, state, failures }) => ({ name, state, failures })),
    cache: services.cache.use(),
    // Without their store there is nothing to say, and the check of it says why.
    queues: await queues.counts().catch(() => []),
    disk: await disk(config.disk),
  })

async function disk(folder: string) {
  const { bsize, bavail, blocks } = await statfs(folder)
  return { freeBytes: bsize * bavail, sizeBytes: bsize * blocks }
}
