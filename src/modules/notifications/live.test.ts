import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import { openRedis } from '../../../tools/redis-server.ts'
import { createBell } from '../../lib/bell.ts'
import { createMetrics } from '../../lib/metrics.ts'
import type { Services } from '../../services.ts'
import { createLiveService } from './live.service.ts'

const redis = await openRedis()
const page = 'https://app.example.com'
const built = await buildTestApp({
  env: {
    REDIS_URL: redis.url,
    CORS_ORIGINS: page,
    STREAMS_PER_USER: '2',
    STREAM_PING_MS: '100',
    STREAM_LOOK_MS: '600000',
  },
})
const { app, call, signUp, services, database, db, lines } = built
await app.listen({ host: '127.0.0.1', port: 0 })
const { port } = app.server.address() as AddressInfo
let telling = await services.live.keepTelling(() => {})
afterAll(async () => {
  await telling.close()
  await redis.close()
})
const opened: WebSocket[] = []
afterEach(() => {
  for (const socket of opened.splice(0)) socket.terminate()
})

/** Another process on the same database and Redis. */
async function listenElsewhere(replace: (services: Services) => Partial<Services> = () => ({})) {
  const shared = { REDIS_URL: redis.url, REDIS_PREFIX: built.config.redis.prefix }
  const env = { ...shared, CORS_ORIGINS: page, STREAM_LOOK_MS: '600000' }
  const other = await buildTestApp({ env, services: replace, way: async () => database.appUrl })
  await other.app.listen({ host: '127.0.0.1', port: 0 })
  const telling = await other.services.live.keepTelling(() => {})
  return { port: (other.app.server.address() as AddressInfo).port, close: telling.close }
}

type Options = {
  at?: number
  headers?: Record<string, string>
  protocols?: string[]
  after?: number
  autoPong?: boolean
}
type Message = { kind: string; after?: number; number?: number; notification?: { text: string } }

/** A stream of somebody, with what it has told so far. */
function stream(
  person: Person | undefined,
  { at = port, headers = {}, protocols = [], after, ...options }: Options = {},
) {
  const query = after === undefined ? '' : `?after=${after}`
  const authorization = person && { authorization: `Bearer ${person.token}` }
  const url = `ws://127.0.0.1:${at}/v1/me/notifications/stream${query}`
  const socket = new WebSocket(url, protocols, { headers: { ...authorization, ...headers }, ...options })
  opened.push(socket)
  socket.on('error', () => {})
  const told: Message[] = []
  socket.on('message', (text) => told.push(JSON.parse(String(text))))
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  const numbers = () => told.flatMap(({ number }) => number ?? [])
  return { socket, told, numbers, closed, ready: () => vi.waitUntil(() => told[0]?.kind === 'ready') }
}

/** The answer to a stream that was refused. */
async function refusal(person: Person | undefined, options?: Options) {
  const { socket } = stream(person, options)
  const [, answer] = await once(socket, 'unexpected-response')
  const parts: Buffer[] = await answer.toArray()
  return JSON.parse(String(Buffer.concat(parts))) as { status: number; code: string }
}

async function tell(person: Person, title: string) {
  const facts = { applicationId: randomUUID(), jobId: randomUUID(), jobTitle: title, workerId: randomUUID() }
  const event = { id: randomUUID(), requestId: null }
  await services.notifications.tell(event, 'application.submitted', { ...facts, clientId: person.id })
}
const titles = (told: Message[]) =>
  told.flatMap(({ notification }) => /"(.+)"/.exec(notification?.text ?? '')?.[1] ?? [])

test('what happens is told at once, in order, and what was missed is told first', async () => {
  const person = await signUp('client')
  await tell(person, 'before')
  const first = stream(person)
  await first.ready()
  expect(first.told[0]).toEqual({ kind: 'ready', after: 1 })
  for (const title of ['one', 'two', 'three']) await tell(person, title)
  await vi.waitUntil(() => first.numbers().length === 3)
  expect([first.numbers(), titles(first.told)]).toEqual([
    [2, 3, 4],
    ['one', 'two', 'three'],
  ])
  const { data } = (await call('GET', '/v1/me/notifications', { as: person })).json()
  expect(first.told.slice(1).map(({ notification }) => notification)).toEqual(data.slice(0, 3).reverse())
  const again = stream(person, { after: 2 })
  await vi.waitUntil(() => again.numbers().length === 2)
  expect(again.numbers()).toEqual([3, 4])
})

test('forty at once are told once each, in their order', async () => {
  const person = await signUp('client')
  const { ready, numbers } = stream(person)
  await ready()
  await Promise.all(Array.from({ length: 40 }, (_, at) => tell(person, `job ${at}`)))
  await vi.waitUntil(() => numbers().length >= 40, { timeout: 5000 })
  expect(numbers()).toEqual(Array.from({ length: 40 }, (_, at) => at + 1))
})

test('whoever listens at another process is told too', async () => {
  const other = await listenElsewhere()
  const person = await signUp('client')
  const [here, there] = [stream(person), stream(person, { at: other.port })]
  await Promise.all([here.ready(), there.ready()])
  await tell(person, 'across')
  await vi.waitUntil(() => [here, there].every(({ told }) => titles(told).includes('across')))
  await other.close()
  expect((await there.closed).code).toBe(1012)
})

test('a stranger, a page of another site, a cookie without a page, and no upgrade are refused', async () => {
  const person = await signUp('client')
  expect(await refusal(undefined)).toMatchObject({ status: 401, code: 'TOKEN_MISSING' })
  expect(await refusal(undefined, { headers: { authorization: 'Bearer forged' } })).toMatchObject({ status: 401 })
  const from = (origin: string) => ({ headers: { origin } })
  expect(await refusal(person, from('https://evil.example'))).toMatchObject({ status: 403, code: 'ORIGIN_REFUSED' })
  const cookie = { headers: { cookie: `__Host-access=${person.token}` } }
  expect(await refusal(undefined, cookie)).toMatchObject({ status: 403, code: 'ORIGIN_REFUSED' })
  expect((await call('GET', '/v1/me/notifications/stream', { as: person })).json()).toMatchObject({
    status: 426,
    code: 'UPGRADE_REQUIRED',
  })
  await stream(person, from(page)).ready()
})

test('a browser shows its token as a subprotocol', async () => {
  const { token } = await signUp('client')
  const { socket, ready } = stream(undefined, { protocols: ['seaworthy.v1', `bearer.${token}`] })
  await ready()
  expect(socket.protocol).toBe('seaworthy.v1')
  expect(await refusal(undefined, { protocols: ['seaworthy.v1', 'bearer.forged'] })).toMatchObject({ status: 401 })
})

test('a request that became a stream is over: it has its line and gives its place back', async () => {
  const person = await signUp('client')
  await stream(person).ready()
  await vi.waitUntil(() => lines.some(({ operation, status }) => operation === 'streamNotifications' && status === 101))
  const text = await services.metrics.text()
  expect(text).toContain('seaworthy_requests_in_progress 0')
  expect(text).toMatch(
    /seaworthy_http_request_duration_seconds_count\{operation="streamNotifications",method="GET",status="1xx"\} [1-9]/,
  )
})

test('a user has so many streams, and one that ends makes room', async () => {
  const person = await signUp('client')
  const both = [stream(person), stream(person)]
  await Promise.all(both.map(({ ready }) => ready()))
  expect(await refusal(person)).toMatchObject({ status: 429, code: 'TOO_MANY_STREAMS' })
  both[0]?.socket.close()
  await both[0]?.closed
  await vi.waitUntil(async () => (await services.metrics.text()).includes('seaworthy_streams 1'))
  await stream(person).ready()
})

test('whoever says something is shown out', async () => {
  const { socket, ready, closed } = stream(await signUp('client'))
  await ready()
  socket.send('hello')
  expect((await closed).code).toBe(1003)
})

test('a stream that answers no ping is over, one that does goes on', async () => {
  const [silent, alive] = [stream(await signUp('client'), { autoPong: false }), stream(await signUp('client'))]
  await Promise.all([silent.ready(), alive.ready()])
  expect((await silent.closed).code).toBe(1006)
  expect(alive.socket.readyState).toBe(WebSocket.OPEN)
})

test('the end of the session and the kill switch end the stream', async () => {
  const { email, password } = await signUp('client')
  const { accessToken } = (await call('POST', '/v1/auth/login', { body: { email, password } })).json()
  const person = { ...(await signUp('client')), token: accessToken }
  const [signedOut, other] = [stream(person), stream(await signUp('worker'))]
  await Promise.all([signedOut.ready(), other.ready()])
  await call('POST', '/v1/auth/logout', { as: person })
  expect((await signedOut.closed).code).toBe(4401)
  const admin = await signUp('admin')
  const split = [
    { variant: 'on', percent: 100 },
    { variant: 'off', percent: 0 },
  ]
  await services.flags.change(admin, 'live-notifications', { isOn: false, split, rules: [] })
  expect((await other.closed).code).toBe(4403)
  expect(await refusal(person)).toMatchObject({ status: 401 })
  expect(await refusal(admin)).toMatchObject({ status: 503, code: 'LIVE_NOTIFICATIONS_OFF' })
  await services.flags.change(admin, 'live-notifications', { isOn: true, split, rules: [] })
})

test('a process that ends says so to everyone', async () => {
  const { ready, closed } = stream(await signUp('client'))
  await ready()
  await telling.close()
  expect(await closed).toEqual({ code: 1012, reason: 'Connect again' })
  telling = await services.live.keepTelling(() => {})
})

test('whoever does not read is given no more than there is room for, and is shown out', async () => {
  const metrics = createMetrics()
  const other = await listenElsewhere(({ flags }) => ({
    live: createLiveService({
      ...{ db, flags, bell: createBell({ redis: undefined, prefix: 'test', name: 'none' }), metrics },
      ...{ isEnded: () => false, lifetime: 60, most: 10, mostOfOne: 10, ping: 200, look: 100 },
    }),
  }))
  const person = await signUp('client')
  // More than the buffers of the connection take.
  await withClient(database.ownerUrl, async (owner) => {
    await owner.query(
      `INSERT INTO notifications (user_id, event_id, kind, data, number)
       SELECT $1, uuidv7(), 'application.submitted', jsonb_build_object('text', repeat('x', 20000)), n FROM generate_series(1, 1000) AS n`,
      [person.id],
    )
    await owner.query('INSERT INTO notification_counts (user_id, last) VALUES ($1, 1000)', [person.id])
  })
  const { socket, ready, numbers, closed } = stream(person, { at: other.port, after: 0 })
  await ready()
  socket.pause()
  await vi.waitUntil(() => metrics.text().then((text) => text.includes('seaworthy_streams 0')), { timeout: 15_000 })
  socket.resume()
  expect((await closed).code).toBe(1013)
  expect(numbers().length).toBeLessThan(1000)
  expect(numbers()).toEqual(numbers().map((_, at) => at + 1))
  await other.close()
})
