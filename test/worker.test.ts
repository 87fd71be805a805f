import { expect, onTestFinished, test } from 'vitest'
import { openRedis } from '../tools/redis-server.ts'
import { freePorts } from '../tools/stack.ts'
import { createTestDatabase } from './database.ts'
import { environment } from './environment.ts'
import { start } from './process.ts'

test('a worker answers on its own port: live and ready, 404 for the rest, 503 while it drains; then exit 0', async () => {
  const [{ appUrl }, redis] = await Promise.all([createTestDatabase(), openRedis()])
  onTestFinished(() => redis.close())
  const [port] = await freePorts(1)
  const env = { ...environment(appUrl), REDIS_URL: redis.url, WORKER_HEALTH_PORT: String(port), DRAIN_MS: '1000' }
  const worker = await start(['src/worker.ts'], { env })
  await worker.until(/working on jobs/)
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
  expect([await ask('/health/live'), await ask('/health/ready'), await ask('/health/ready?x'), await ask('/')]).toEqual(
    [200, 200, 404, 404],
  )

  worker.child.kill('SIGTERM')
  await worker.until(/"msg":"stopping"/)
  expect([await ask('/health/live'), await ask('/health/ready')]).toEqual([200, 503])
  expect(await worker.ended).toEqual({ code: 0, signal: null })
})

test('a worker whose Redis goes away is degraded, since events wait in the outbox, and ready again by itself', async () => {
  const [{ appUrl }, redis] = await Promise.all([createTestDatabase(), openRedis()])
  onTestFinished(() => redis.close())
  const [port] = await freePorts(1)
  const env = { ...environment(appUrl), REDIS_URL: redis.url, WORKER_HEALTH_PORT: String(port) }
  const worker = await start(['src/worker.ts'], { env })
  await worker.until(/working on jobs/)
  const ready = async () => (await (await fetch(`http://127.0.0.1:${port}/health/ready`)).json()) as { status: string }
  expect(await ready()).toMatchObject({ status: 'ready' })
  redis.kill('SIGKILL')
  let said = await ready()
  while (said.status === 'ready') said = await ready()
  expect(said).toMatchObject({ status: 'degraded', modes: ['events-wait'] })
  await redis.restart()
  while (said.status !== 'ready') said = await ready()
})

test('a worker that is told to stop before it ever reached its Redis stops', async () => {
  const { appUrl } = await createTestDatabase()
  const worker = await start(['src/worker.ts'], { env: environment(appUrl) })
  await worker.until(/the queue is in trouble/)
  worker.child.kill('SIGTERM')
  await worker.ended
  expect(worker.said()).toContain('"msg":"stopping"')
})
