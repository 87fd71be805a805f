// Starts the PostgreSQL and the Redis of the suite, and makes the migrated template of which each test file gets a copy.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { migrate } from '../src/db/migrations.ts'
import { openRedis } from '../tools/redis-server.ts'
import { openScratchServer, type ScratchDatabase } from '../tools/scratch-databases.ts'

declare module 'vitest' {
  interface ProvidedContext {
    template: ScratchDatabase
    redisUrl: string
    uploadsFolder: string
  }
}

export default async function setup(project: TestProject) {
  const server = await openScratchServer({ dataDir: resolve('.local/test-postgres'), prefix: 'test' })
  const template = await server.create()
  await migrate({ url: template.ownerUrl, direction: 'up', say: console.error })
  project.provide('template', template)
  const redis = await openRedis()
  project.provide('redisUrl', redis.url)
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-uploads-'))
  project.provide('uploadsFolder', folder)
  return async () => {
    await rm(folder, { recursive: true })
    await redis.close()
    await server.close()
  }
}
