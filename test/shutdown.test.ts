import { resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { holdTable } from '../tools/hold-table.ts'
import { createTestDatabase } from './database.ts'
import { environment } from './environment.ts'
import { startServer } from './process.ts'

/** Holds back whoever reads jobs, until released. */
async function holdJobs(adminUrl: string) {
  const held = await holdTable(adminUrl, 'jobs')
  onTestFinished(held.close)
  return held
}

test('SIGTERM: ready turns 503 first, the request in flight is answered, then exit 0', async () => {
  const { appUrl, adminUrl } = await createTestDatabase()
  const server = await startServer({ ...environment(appUrl), DRAIN_MS: '700' })
  const jobs = await holdJobs(adminUrl)
  const inFlight = fetch(`${server.url}/v1/jobs`)
  await jobs.awaited()

  server.child.kill('SIGTERM')
  await server.until(/"msg":"stopping"/)
  const ready = await fetch(`${server.url}/health/ready`)
  expect(await ready.json()).toMatchObject({ status: 503, detail: 'The service is draining' })
  expect((await fetch(`${server.url}/health/live`)).status).toBe(200)

  await jobs.release()
  expect((await inFlight).status).toBe(200)
  expect(await server.ended).toEqual({ code: 0, signal: null })
  expect(server.lines().at(-1)).toMatchObject({ msg: 'stopped' })
  await expect(fetch(`${server.url}/health/live`)).rejects.toThrow()
})

test('a shutdown that outlasts its time ends with exit 1', async () => {
  const { appUrl, adminUrl } = await createTestDatabase()
  const server = await startServer({
    ...environment(appUrl),
    SHUTDOWN_TIMEOUT_MS: '500',
    DATABASE_LOCK_TIMEOUT_MS: '20000',
    DATABASE_STATEMENT_TIMEOUT_MS: '20000',
  })
  const jobs = await holdJobs(adminUrl)
  const inFlight = fetch(`${server.url}/v1/jobs`).catch((error) => error)
  await jobs.awaited()
  server.child.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 1, signal: null })
  expect(server.said()).toContain('killed by timeout (500ms)')
  expect(await inFlight).toBeInstanceOf(Error)
})

test.each(['throw', 'reject'])(
  'an error that nobody catches (%s) is logged, drained, and ends the process with non-zero',
  async (kind) => {
    const { appUrl, adminUrl } = await createTestDatabase()
    const preload = [resolve('test/fixtures/fail-on-message.ts')]
    const server = await startServer(environment(appUrl), { ipc: true, preload })
    const jobs = await holdJobs(adminUrl)
    const inFlight = fetch(`${server.url}/v1/jobs`)
    await jobs.awaited()
    server.child.send(kind)
    await server.until(/uncaught error/)
    await jobs.release()
    expect((await inFlight).status).toBe(200)
    expect(await server.ended).toEqual({ code: 1, signal: null })
    expect(server.lines()).toContainEqual(
      expect.objectContaining({ level: 'fatal', err: expect.objectContaining({ message: 'planted' }) }),
    )
  },
)
