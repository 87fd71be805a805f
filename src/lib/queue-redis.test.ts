import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, afterEach, expect, onTestFinished, test } from 'vitest'
import { openRedis } from '../../tools/redis-server.ts'
import { type Look, lookAt, lookAtEach } from './queue-redis.ts'
import { openQueueStore } from './queue-store.ts'

const server = await openRedis()
afterAll(() => server.close())
const opened: Redis[] = []
afterEach(() => {
  for (const client of opened.splice(0)) client.disconnect()
})

function open(changes = {}): Redis {
  const client = new Redis(server.url, { enableReadyCheck: false, ...changes }).on('error', () => {})
  opened.push(client)
  return client
}

/** Each setting with what was found, for as long as the test runs. */
async function setTo(name: string, value: string) {
  const [, before = ''] = (await open().config('GET', name)) as string[]
  await open().config('SET', name, value)
  onTestFinished(async () => {
    const client = new Redis(server.url)
    await client.config('SET', name, before)
    client.disconnect()
  })
}

const fits = ({ findings }: Look) => Object.fromEntries(findings.map(({ setting, fits }) => [setting, fits]))
const asUser = async (...rights: string[]) => {
  const name = randomUUID()
  await open().call('ACL', 'SETUSER', name, 'on', '>any', '~*', '&*', '+@all', ...rights)
  return open({ username: name, password: 'any' })
}

test('a server that keeps what it is given fits', async () => {
  expect(fits(await lookAt(open()))).toEqual({ eviction: true, persistence: true, version: true })
})

test('one that evicts, or has no append-only file, does not', async () => {
  await setTo('maxmemory-policy', 'volatile-lru')
  expect(fits(await lookAt(open()))).toEqual({ eviction: false, persistence: true, version: true })
  await setTo('appendonly', 'no')
  expect(fits(await lookAt(open()))).toEqual({ eviction: false, persistence: false, version: true })
})

test('what INFO may not say is asked of CONFIG, and what neither says is not known', async () => {
  await setTo('maxmemory-policy', 'volatile-lru')
  const withoutInfo = await lookAt(await asUser('-info'))
  expect(fits(withoutInfo)).toEqual({ eviction: false, persistence: true, version: undefined })
  expect(withoutInfo.run).toBeUndefined()
  const withNeither = await lookAt(await asUser('-info', '-config'))
  expect(fits(withNeither)).toEqual({ eviction: undefined, persistence: undefined, version: undefined })
})

test('each connection is looked at, and a restart is another run', async () => {
  const own = await openRedis()
  onTestFinished(() => own.close())
  const client = new Redis(own.url).on('error', () => {})
  opened.push(client)
  const looks: Look[] = []
  let heard = Promise.withResolvers<void>()
  const onLook = (look: Look) => {
    looks.push(look)
    heard.resolve()
  }
  lookAtEach(client, { onLook, onError: () => {} })
  await heard.promise
  heard = Promise.withResolvers()
  await own.restart()
  await heard.promise
  expect(looks).toHaveLength(2)
  expect(looks[0]?.run).not.toBe(looks[1]?.run)
})

test('a store notices that its Redis has forgotten everything, once', async () => {
  const onError = () => {}
  const settings = { prefix: randomUUID(), attempts: 1, backoff: 1, lock: 1000, onError }
  const store = openQueueStore({ ...settings, store: { redis: server.url } })
  const queue = store.openQueue('events')
  onTestFinished(async () => {
    await queue.close()
    store.disconnect()
  })
  await queue.waitUntilReady()
  await store.ping()
  expect([store.hasForgotten(), store.hasForgotten()]).toEqual([true, false])
  await store.ping()
  expect(store.hasForgotten()).toBe(false)
  await open().flushall()
  await store.ping()
  expect([store.hasForgotten(), store.hasForgotten()]).toEqual([true, false])
})
