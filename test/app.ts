// The service over a database of the test file's own, called without a socket. Real parts throughout.
import { randomUUID } from 'node:crypto'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { afterAll } from 'vitest'
import { buildApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import type { Actor, Role } from '../src/lib/actor.ts'
import { createLog } from '../src/lib/log.ts'
import { openQueueViews } from '../src/lib/queue-views.ts'
import { openTracing } from '../src/lib/tracing.ts'
import { openResources } from '../src/resources.ts'
import { createServices, type Services } from '../src/services.ts'
import { createTestDatabase } from './database.ts'
import { environment } from './environment.ts'

type Options = {
  env?: Record<string, string>
  services?: (services: Services) => Partial<Services>
  /** The way to the database, given the direct one. */
  way?: (url: string) => Promise<string>
}
/** A POST gets an Idempotency-Key of its own unless it is given one. */
type CallOptions = { as?: { token: string }; body?: unknown; headers?: Record<string, string> }
export type Person = Actor & { token: string; email: string; password: string }

let people = 0

/** Builds the app and closes it after the tests of the file. `services` replaces some of them, for what only a fault can show. */
export async function buildTestApp({ env = {}, services: replace = () => ({}), way }: Options = {}) {
  const database = await createTestDatabase()
  const config = loadConfig({ ...environment((await way?.(database.appUrl)) ?? database.appUrl), ...env })
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => lines.push(JSON.parse(line)) }
  const log = createLog({ ...config.log, service: 'seaworthy-test', version: '0', deployment: 'test', destination })
  const resources = await openResources(config, log)
  const built = await createServices(config, resources, log)
  const services = { ...built, ...replace(built) }
  const queues = openQueueViews({ ...config.queues, onError: () => {} })
  const { begin } = await openTracing({
    ...config.tracing,
    service: 'seaworthy-test',
    version: '0',
    deployment: 'test',
  })
  const app = await buildApp({ config, services, log, begin, queues, poolUse: resources.poolUse })
  await app.ready()
  afterAll(async () => {
    await app.close()
    await queues.close()
    await resources.close()
  })

  return { app, call, signUp, services, database, config, db: resources.db, poolUse: resources.poolUse, lines }

  async function call(
    method: InjectOptions['method'] & string,
    url: string,
    { as, body, headers = {} }: CallOptions = {},
  ): Promise<LightMyRequestResponse> {
    const key = method === 'POST' && { 'idempotency-key': randomUUID() }
    const authorization = as && { authorization: `Bearer ${as.token}` }
    return app.inject({
      method,
      url,
      headers: { ...key, ...authorization, ...headers },
      ...(body !== undefined && { payload: body as object }),
    })
  }

  async function signUp(role: Role): Promise<Person> {
    const email = `${role}-${++people}@example.com`
    const password = 'correct-horse-battery'
    const { id } = await services.identity.register({ email, password, name: `A ${role}`, role })
    return { id, role, token: await services.tokens.sign({ id, role, sessionId: randomUUID() }), email, password }
  }
}
