// The service in this process, without its cache and its background work: called without a socket, one call at a time.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InjectOptions } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { Actor, Role } from '../../src/lib/actor.ts'
import { createLog } from '../../src/lib/log.ts'
import { openQueueViews } from '../../src/lib/queue-views.ts'
import { openTracing } from '../../src/lib/tracing.ts'
import { openResources } from '../../src/resources.ts'
import { createServices } from '../../src/services.ts'
import { openPaymentSandbox } from '../payment-sandbox.ts'
import { openRedis } from '../redis-server.ts'
import { manyCalls, usualSettings } from '../stack.ts'

type CallOptions = { as?: { token: string }; body?: unknown; headers?: Record<string, string> }
export type Service = Awaited<ReturnType<typeof openService>>
export type Person = Actor & { token: string; email: string; password: string }

const password = 'correct-horse-battery'

/** Redis and a payment sandbox are started with it. */
export async function openService(appUrl: string) {
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-plans-'))
  const settings = usualSettings()
  const redis = await openRedis({ dir: join(folder, 'redis') })
  const sandbox = await openPaymentSandbox({ webhook: { secret: settings.PAYMENTS_WEBHOOK_SECRETS as string } })
  const config = loadConfig({
    ...settings,
    ...manyCalls,
    ...{ PORT: '0', METRICS_PORT: '0', WORKER_HEALTH_PORT: '0', CACHE: 'off', LOG_LEVEL: 'fatal' },
    ...{ DATABASE_URL: appUrl, REDIS_URL: redis.url, SMTP_URL: 'smtp://127.0.0.1:1', PAYMENTS_URL: sandbox.url },
    ...{ UPLOADS_URL: `file:${join(folder, 'uploads')}`, RELEASE_AFTER_SECONDS: '0', ALLOWED_HOSTS: 'localhost' },
    // A statement that reads a million rows is to be seen, and not to be stopped.
    ...{ DATABASE_STATEMENT_TIMEOUT_MS: '50000', HANDLER_TIMEOUT_MS: '58000' },
    EVENT_LOOP_DELAY_MS: '60000',
  })
  const identity = { service: 'seaworthy-plans', version: '0', deployment: 'plans' }
  // Refusals are meant here, and of no interest.
  const log = createLog({ ...config.log, ...identity, destination: { write: () => {} } })
  const resources = await openResources(config, log)
  const services = await createServices(config, resources, log)
  const queues = openQueueViews({ ...config.queues, onError: () => {} })
  const { begin } = await openTracing({ ...config.tracing, ...identity })
  const app = await buildApp({ config, services, log, begin, queues, poolUse: resources.poolUse })
  await app.ready()

  return { config, services, db: resources.db, call, signUp, as, close }

  /** A POST has a key of its own. */
  async function call(method: string, url: string, { as: who, body, headers }: CallOptions = {}) {
    const key = method === 'POST' && { 'idempotency-key': randomUUID() }
    const authorization = who && { authorization: `Bearer ${who.token}` }
    const payload = body !== undefined && { payload: body as object }
    return app.inject({
      method: method as InjectOptions['method'] & string,
      url,
      headers: { ...key, ...authorization, ...headers },
      ...payload,
    })
  }

  /** Somebody who is there already, as their token says. */
  async function as({ id, role }: { id: string; role: Role }) {
    return { token: await services.tokens.sign({ id, role, sessionId: randomUUID() }) }
  }

  async function signUp(role: Role): Promise<Person> {
    const email = `${role}-${randomUUID()}@example.com`
    const { id } = await services.identity.register({ email, password, name: `A ${role}`, role })
    return { id, role, ...(await as({ id, role })), email, password }
  }

  async function close(): Promise<void> {
    await app.close()
    await queues.close()
    await resources.close()
    await Promise.all([redis.close(), sandbox.close()])
    await rm(folder, { recursive: true, force: true })
  }
}
