import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import Fastify from 'fastify'
import { afterEach, expect, test, vi } from 'vitest'
import { createMetrics } from '../lib/metrics.ts'
import { admission } from './admission.ts'
import { controls } from './controls.ts'
import { answerClientError, problems } from './problems.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A service whose work stands still until it is released. */
async function open(
  changes: Partial<{ concurrent: number; waiting: number; wait: number; eventLoopDelay: number }> = {},
) {
  const metrics = createMetrics()
  const app = Fastify({
    requestTimeout: 300,
    forceCloseConnections: true,
    http: { headersTimeout: 300, connectionsCheckingInterval: 50 },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, 'none'),
  })
  const held: (() => void)[] = []
  const begun: string[] = []
  await app.register(problems)
  await app.register(controls)
  await app.register(admission, {
    poolUse: () => ({ waiting: 0, max: 10 }),
    ...{ concurrent: 1, waiting: 2, wait: 60_000, eventLoopDelay: 60_000, metrics },
    ...changes,
  })
  const work = async (url: string) => {
    begun.push(url)
    await new Promise<void>((resolve) => held.push(resolve))
    return 'done'
  }
  const schema = { hide: true }
  for (const limit of ['payment', 'auth', 'write', 'read', 'public', 'none'] as const) {
    app.get(`/${limit}`, { schema, config: { access: 'public', limit } }, ({ url }) => work(url))
    app.post(`/${limit}`, { schema, config: { access: 'public', limit } }, ({ url }) => work(url))
  }
  app.get('/quick', { schema, config: { access: 'public', limit: 'public' } }, () => 'done')
  app.get('/fails', { schema, config: { access: 'public', limit: 'read' } }, () => Promise.reject(new Error('no')))
  app.get('/health', { schema, config: { access: 'public', limit: 'none' } }, () => 'live')
  closers.push(() => app.close())
  const value = async (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await metrics.text())?.[1])
  const use = async () => [await value('seaworthy_requests_in_progress'), await value('seaworthy_requests_waiting')]
  return {
    ...{ app, begun, use, text: metrics.text },
    get: (url: string) => app.inject(url),
    /** Lets what is worked on, or will be, come to its end. */
    release: () => {
      for (const end of held.splice(0)) end()
    },
    settles: (...expected: number[]) =>
      vi.waitFor(async () => expect(await use()).toEqual(expected), { timeout: 5000 }),
  }
}

async function listen({ app }: Awaited<ReturnType<typeof open>>) {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return async (head: string): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.write(head.replaceAll('\n', '\r\n'))
    return socket
  }
}

const ask = (path: string) => `GET ${path} HTTP/1.1\nHost: x\n\n`

test('what finds no room is a 503 problem with Retry-After at once, and is counted by reason and class', async () => {
  const { get, release, settles, text, use } = await open()
  const sent = ['/public', '/public', '/public'].map(get)
  await settles(1, 2)
  const shed = await get('/public')
  expect(shed.json()).toMatchObject({ status: 503, code: 'OVERLOADED' })
  expect([shed.statusCode, shed.headers['retry-after'], shed.headers['content-type']]).toEqual([
    503,
    '1',
    expect.stringContaining('application/problem+json'),
  ])
  expect(await text()).toContain('seaworthy_requests_shed_total{reason="queue-full",class="public"} 1')
  for (const left of [1, 0]) {
    release()
    await settles(1, left)
  }
  release()
  expect((await Promise.all(sent)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
  expect(await use()).toEqual([0, 0])
})

test('money is let in before signing in, that before writes, those before reads, and browsing comes last', async () => {
  const { get, begun, release, settles } = await open({ waiting: 9 })
  const first = get('/public')
  await settles(1, 0)
  const sent = ['/public', '/read', '/write', '/auth', '/payment'].map(get)
  await settles(1, 5)
  for (const left of [4, 3, 2, 1, 0]) {
    release()
    await settles(1, left)
  }
  release()
  await Promise.all([first, ...sent])
  expect(begun).toEqual(['/public', '/payment', '/auth', '/write', '/read', '/public'])
})

test('in a full queue browsing gives way to money', async () => {
  const { get, release, settles, text } = await open({ waiting: 1 })
  const first = get('/public')
  const browsing = get('/public')
  await settles(1, 1)
  const money = get('/payment')
  expect((await browsing).json()).toMatchObject({ status: 503, code: 'OVERLOADED' })
  expect(await text()).toContain('reason="gave-way",class="public"} 1')
  release()
  await settles(1, 0)
  release()
  expect((await Promise.all([first, money])).map(({ statusCode }) => statusCode)).toEqual([200, 200])
})

test('who waits too long is refused', async () => {
  const { get, release, settles, text } = await open({ wait: 20 })
  const first = get('/public')
  await settles(1, 0)
  expect((await get('/public')).statusCode).toBe(503)
  expect(await text()).toContain('reason="waited-too-long",class="public"} 1')
  release()
  await first
})

test('health is answered with every place taken, and takes none', async () => {
  const { get, release, settles, use } = await open({ waiting: 0 })
  const first = get('/public')
  await settles(1, 0)
  const health = get('/none')
  expect([(await get('/health')).statusCode, await use()]).toEqual([200, [1, 0]])
  release()
  await Promise.all([first, health])
})

test('an event loop that gets no turn refuses all but health and money', async () => {
  const { app, get, release, settles, text } = await open({ eventLoopDelay: 20 })
  const block = (milliseconds: number) => {
    const end = performance.now() + milliseconds
    while (performance.now() < end);
  }
  // A start is long, and no reason to refuse.
  block(600)
  await app.listen({ port: 0, host: '127.0.0.1' })
  expect((await get('/quick')).statusCode).toBe(200)
  await vi.waitUntil(
    async () => {
      block(100)
      return (await get('/quick')).statusCode === 503
    },
    { timeout: 10_000, interval: 1 },
  )
  expect(await text()).toContain('reason="event-loop",class="public"} 1')
  expect((await get('/health')).statusCode).toBe(200)
  const money = get('/payment')
  await settles(1, 0)
  release()
  expect((await money).statusCode).toBe(200)
  await vi.waitUntil(async () => (await get('/quick')).statusCode === 200, { timeout: 10_000 })
})

test('a client that hangs up gives back its place in the work and in the queue', async () => {
  const service = await open()
  const send = await listen(service)
  const [working, waiting] = [await send(ask('/public')), await send(ask('/public'))]
  await service.settles(1, 1)
  waiting.destroy()
  await service.settles(1, 0)
  working.destroy()
  await service.settles(0, 0)
})

test('requests behind others of their connection give their places back when it breaks', async () => {
  const service = await open({ concurrent: 3, waiting: 20 })
  const send = await listen(service)
  const socket = await send(ask('/public').repeat(20))
  await service.settles(3, 17)
  socket.destroy()
  await service.settles(0, 0)
})

test('a body that is still on its way takes no place, and one that is given up leaves none', async () => {
  const service = await open({ waiting: 0 })
  const send = await listen(service)
  const head = 'POST /write HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: 20\n\n'
  const [slow, gone] = [await send(`${head}{"a"`), await send(`${head}{"a"`)]
  await delay(20)
  expect(await service.use()).toEqual([0, 0])
  gone.destroy()
  slow.write(': "0123456789A"}')
  await service.settles(1, 0)
  // There is no place, so its body is not even waited for.
  const refused = await send(head)
  expect(String(await once(refused, 'data'))).toContain('503 Service Unavailable')
  service.release()
  expect(String(await once(slow, 'data'))).toContain('200 OK')
  await service.settles(0, 0)
})

test('a request that is too slow to arrive leaves no place taken, though its client keeps the connection', async () => {
  const service = await open()
  const send = await listen(service)
  const socket = await send('POST /write HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: 20\n\n{')
  expect(String(await once(socket, 'data'))).toContain('408')
  await service.settles(0, 0)
})

test('thousands of requests of every kind leave every place free', async () => {
  const service = await open({ concurrent: 5, waiting: 10, wait: 20 })
  const { app, get, settles, text } = service
  const send = await listen(service)
  const releasing = setInterval(service.release, 2)
  const paths = ['/quick', '/fails', '/nowhere', '/public', '/payment', '/none', '/quick?a=1', '/%zz']
  const seen = new Set<number>()
  const one = async (index: number) => {
    const path = paths[index % paths.length] as string
    if (index % 11 === 0) return hangUp(await send(ask(path)), index % 3)
    if (index % 13 === 0) return hangUp(await send(ask(path).repeat(4)), index % 3)
    if (index % 17 === 0)
      return hangUp(await send('POST /write HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n5\n{'), index % 3)
    if (index % 7 === 0)
      seen.add((await app.inject({ method: 'POST', url: path, payload: index % 2 ? { a: 1 } : '{' })).statusCode)
    else seen.add((await get(path)).statusCode)
  }
  const lane = async (from: number) => {
    for (let index = from; index < 4000; index += 40) await one(index)
  }
  await Promise.all(Array.from({ length: 40 }, (_, from) => lane(from)))
  await settles(0, 0)
  clearInterval(releasing)
  expect([200, 404, 500, 503].filter((status) => !seen.has(status))).toEqual([])
  expect(await text()).toContain('reason="queue-full"')
})

async function hangUp(socket: Socket, after: number): Promise<void> {
  await delay(after)
  socket.destroy()
}
