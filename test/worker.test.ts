import { expect, onTestFinished, test } from 'vitest'
import { openMailCatcher } from '../tools/mail-catcher.ts'
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
  const [{ appUrl }, redis, mail] = await Promise.all([createTestDatabase(), openRedis(), openMailCatcher()])
  onTestFinished(() => redis.close())
  onTestFinished(() => mail.close())
  const [port] = await freePorts(1)
  const own = { REDIS_URL: redis.url, SMTP_URL: mail.smtpUrl, WORKER_HEALTH_PORT: String(port) }
  const env = { ...environment(appUrl), ...own }
  const worker = await start(['src/worker.ts'], { env })
  await worker.until(/working on jobs/)
  const ready = async () => (await (await fetch(`http://127.0.0.1:${port}/health/ready`)).json()) as { status: string }
  let said = await ready()
  while (said.status !== 'ready') said = await ready()
  redis.kill('SIGKILL')
  while (said.status === 'ready') said = await ready()
  expect(said).toMatchObject({ status: 'degraded', modes: expect.arrayContaining(['events-wait']) })
  await redis.restart()
  while (said.status !== 'ready') said = await ready()
})

test('a worker whose mail server is away starts and is degraded; its metrics say so, on the port of its health', async () => {
  const { appUrl } = await createTestDatabase()
  const [port] = await freePorts(1)
  const worker = await start(['src/worker.ts'], { env: { ...environment(appUrl), WORKER_HEALTH_PORT: String(port) } })
  await worker.until(/working on jobs/)
  const page = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  expect(JSON.parse(await page('/health/ready'))).toMatchObject({ status: 'degraded', modes: ['mail-waits'] })
  const metrics = await page('/metrics')
  expect(metrics).toContain('seaworthy_degraded_mode{mode="mail-waits"} 1')
  expect(metrics).toContain('seaworthy_degraded_mode{mode="events-wait"} 0')
})

test('a worker that is told to stop before it ever reached its Redis stops', async () => {
  const { appUrl } = await createTestDatabase()
  const env = { ...environment(appUrl), REDIS_URL: 'redis://127.0.0.1:1' }
  const worker = await start(['src/worker.ts'], { env })
  await worker.until(/the queue is in trouble/)
  worker.child.kill('SIGTERM')
  await worker.ended
  expect(worker.said()).toContain('"msg":"stopping"')
})
