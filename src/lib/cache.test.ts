import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { openRedis as openServer } from '../../tools/redis-server.ts'
import { createCache, lifetimes } from './cache.ts'
import { AppError } from './errors.ts'
import { createMetrics } from './metrics.ts'
import { openRedis } from './redis.ts'

const connections: Redis[] = []
afterAll(() => {
  for (const connection of connections) connection.disconnect()
})

type Options = { url?: string; prefix?: string; isOn?: () => boolean; grace?: number }
async function open({
  url = inject('redisUrl'),
  prefix = randomUUID(),
  isOn = () => true,
  grace = 60_000,
}: Options = {}) {
  const redis = await openRedis(url, { timeout: 100, onError: () => {} })
  connections.push(redis)
  const metrics = createMetrics()
  return { ...createCache({ redis, prefix, isOn, grace, metrics }), metrics, redis, prefix }
}

/** A source that counts how often it is asked, and answers what it was told to. */
function source(text = 'old') {
  const it = { text, asked: 0, error: undefined as Error | undefined, wait: Promise.resolve() }
  const load = async () => {
    it.asked++
    const { text, error } = it
    await it.wait
    if (error) throw error
    return { body: Buffer.from(text), etag: `"${text}"` }
  }
  return Object.assign(it, { load })
}
const wanted = { name: 'listJobs', key: 'all', tags: ['jobs'], lifetime: 'short' as const }
const said = ({ body, result }: { body: Buffer; result: string }) => `${result} ${body}`
async function until(is: () => Promise<boolean>): Promise<void> {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe('what is kept', () => {
  test('is read once, also by another replica, with the same tag', async () => {
    const one = await open()
    const other = await open({ prefix: one.prefix })
    const { load, ...it } = Object.assign(source())
    expect(said(await one.read(wanted, load))).toBe('miss old')
    expect(said(await one.read(wanted, load))).toBe('hit old')
    const seen = await other.read(wanted, load)
    expect([said(seen), seen.etag]).toEqual(['hit old', '"old"'])
    expect(it.asked).toBe(0)
    expect(await one.metrics.text()).toContain('seaworthy_cache_reads_total{name="listJobs",result="hit"} 1')
  })

  test('lasts as long as its lifetime says, less a tenth at most', async () => {
    const { read } = await open()
    const { at, until } = await read(wanted, source().load)
    expect(until - at).toBeLessThanOrEqual(60_000)
    expect(until - at).toBeGreaterThanOrEqual(54_000)
    expect(lifetimes).toEqual({ short: 60, medium: 300, long: 3600, veryLong: 86_400 })
  })

  test('is bytes that this code has written: anything else in its place is read anew', async () => {
    const one = await open()
    await one.read(wanted, source().load)
    const [key = ''] = await one.redis.keys(`${one.prefix}:cache:*`)
    for (const garbage of ['', 'no line', '{}\nbody', '{"etag":1,"at":2,"until":3}\nbody', 'null\n']) {
      await one.redis.set(key, garbage)
      const other = await open({ prefix: one.prefix })
      expect(said(await other.read(wanted, source('new').load))).toBe('miss new')
    }
  })

  test('is no refusal, and a refusal is told to all who asked', async () => {
    const { read } = await open()
    const gone = Object.assign(source(), { error: new AppError(404, 'GONE', 'gone') })
    await expect(Promise.all([read(wanted, gone.load), read(wanted, gone.load)])).rejects.toThrow('gone')
    expect(gone.asked).toBe(1)
    expect(said(await read(wanted, source('back').load))).toBe('miss back')
  })

  test('is nothing while it is switched off', async () => {
    let on = true
    const { read } = await open({ isOn: () => on })
    await read(wanted, source().load)
    on = false
    expect(said(await read(wanted, source('new').load))).toBe('bypass new')
    on = true
    expect(said(await read(wanted, source('newer').load))).toBe('hit old')
  })
})

describe('many who want the same at once', () => {
  test('in one process: a thousand are one read', async () => {
    const { read } = await open()
    const it = source()
    const all = await Promise.all(Array.from({ length: 1000 }, () => read(wanted, it.load)))
    expect(new Set(all.map(({ body }) => String(body)))).toEqual(new Set(['old']))
    expect(it.asked).toBe(1)
  })

  test('in two replicas: the second takes what the first finds', async () => {
    const one = await open()
    const other = await open({ prefix: one.prefix })
    const it = source()
    const { promise, resolve } = Promise.withResolvers<void>()
    it.wait = promise
    const first = one.read(wanted, it.load)
    await until(async () => it.asked === 1)
    const second = other.read(wanted, source('of the other').load)
    resolve()
    expect([said(await first), said(await second)]).toEqual(['miss old', 'hit old'])
  })

  test('a replica that dies while it reads holds the others up for half a second at most', async () => {
    const one = await open()
    const other = await open({ prefix: one.prefix })
    const it = Object.assign(source(), { wait: new Promise<void>(() => {}) })
    void one.read(wanted, it.load)
    await until(async () => it.asked === 1)
    expect(said(await other.read(wanted, source('own').load))).toBe('miss own')
  })
})

describe('a write', () => {
  test('is seen by the next read here, and by another replica within a second', async () => {
    const one = await open()
    const other = await open({ prefix: one.prefix })
    const it = source()
    await Promise.all([one.read(wanted, it.load), other.read(wanted, it.load)])
    it.text = 'new'
    await one.forget(['jobs'])
    const start = performance.now()
    expect(said(await one.read(wanted, it.load))).toBe('miss new')
    await until(async () => String((await other.read(wanted, it.load)).body) === 'new')
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('is seen within a second by a replica whose clock was a minute ahead for a while', async () => {
    const one = await open()
    const other = await open({ prefix: one.prefix })
    const it = source()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 })
    onTestFinished(() => void vi.useRealTimers())
    await other.read(wanted, it.load)
    vi.useRealTimers()
    it.text = 'new'
    await one.forget(['jobs'])
    const start = performance.now()
    await until(async () => String((await other.read(wanted, it.load)).body) === 'new')
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('drops by tag what carries it, and nothing else', async () => {
    const { read, forget } = await open()
    const other = { ...wanted, key: 'one', tags: ['job:1'] }
    await Promise.all([read(wanted, source().load), read(other, source().load)])
    await forget(['job:1'])
    expect(said(await read(wanted, source('new').load))).toBe('hit old')
    expect(said(await read(other, source('new').load))).toBe('miss new')
  })

  test('is not undone by a read that began before it and ends after it', async () => {
    const { read, forget } = await open()
    const it = source()
    const { promise, resolve } = Promise.withResolvers<void>()
    it.wait = promise
    const early = read(wanted, it.load)
    await until(async () => it.asked === 1)
    await forget(['jobs'])
    resolve()
    expect(said(await early)).toBe('miss old')
    expect(said(await read(wanted, source('new').load))).toBe('miss new')
  })

  test.each<[string, (redis: Redis, key: string) => Promise<unknown>]>([
    ['of another type', async (redis, key) => (await redis.del(key)) && redis.lpush(key, 'x')],
    ['endless', (redis, key) => redis.set(key, 'x'.repeat(100_000))],
    ['that leads elsewhere', (redis, key) => redis.set(key, '../../other:key')],
  ])('holds although someone put a tag %s into Redis', async (_, poison) => {
    const one = await open()
    await one.forget(['jobs'])
    await poison(one.redis, `${one.prefix}:generation:jobs`)
    const other = await open({ prefix: one.prefix })
    expect(said(await other.read(wanted, source().load))).toBe('miss old')
    expect(await one.redis.get(`${one.prefix}:generation:jobs`)).toMatch(/^[\w-]{16}$/)
  })
})

describe('without its Redis', () => {
  test('each read asks the source, and nothing from before counts when it is back', async () => {
    const server = await openServer()
    const one = await open({ url: server.url })
    const other = await open({ url: server.url, prefix: one.prefix })
    const it = source()
    await Promise.all([one.read(wanted, it.load), other.read(wanted, it.load)])
    server.kill('SIGSTOP')
    it.text = 'new'
    await one.forget(['jobs'])
    expect(said(await one.read(wanted, it.load))).toBe('bypass new')
    server.kill('SIGCONT')
    await until(async () => (await one.read(wanted, it.load)).result === 'miss')
    const start = performance.now()
    await until(async () => String((await other.read(wanted, it.load)).body) === 'new')
    expect(performance.now() - start).toBeLessThan(1000)
    await server.close()
  })

  test('a thousand who want the same are still one read', async () => {
    const server = await openServer()
    const { read } = await open({ url: server.url })
    await server.close()
    const it = source()
    await read({ ...wanted, key: 'first' }, it.load)
    await Promise.all(Array.from({ length: 1000 }, () => read(wanted, it.load)))
    expect(it.asked).toBeLessThanOrEqual(2)
  })
})

describe('without the database', () => {
  const away = new AppError(503, 'DATABASE_UNAVAILABLE', 'away')
  const short = { ...wanted, lifetime: 'short' as const }

  async function expired(options: Options = {}) {
    const one = await open(options)
    await one.read(short, source().load)
    const [key = ''] = await one.redis.keys(`${one.prefix}:cache:*`)
    const text = String(await one.redis.get(key))
    const [head = '', body] = text.split('\n')
    // Its time is over, as far as every replica can tell.
    await one.redis.set(key, `${JSON.stringify({ ...JSON.parse(head), until: Date.now() - 1000 })}\n${body}`)
    return open({ ...options, prefix: one.prefix })
  }

  test('what is over is served stale, and anew as soon as the database is back', async () => {
    const { read } = await expired()
    const it = Object.assign(source('new'), { error: away as Error | undefined })
    const seen = await read(short, it.load)
    expect([said(seen), seen.until < Date.now()]).toEqual(['stale old', true])
    expect(said(await read(short, it.load))).toBe('stale old')
    expect(it.asked).toBe(1)
    it.error = undefined
    await until(async () => (await read(short, it.load)).result !== 'stale')
    expect(said(await read(short, it.load))).toBe('hit new')
  })

  test('it is served within the grace only', async () => {
    const { read } = await expired({ grace: 500 })
    const it = Object.assign(source(), { error: away })
    await expect(read(short, it.load)).rejects.toThrow('away')
  })

  test('a refusal by a rule is no outage', async () => {
    const { read } = await expired()
    await expect(
      read(short, Object.assign(source(), { error: new AppError(404, 'GONE', 'gone') }).load),
    ).rejects.toThrow('gone')
  })

  test('a slow one is waited for two seconds once, then nobody waits', async () => {
    const { read } = await expired()
    const it = Object.assign(source(), { wait: new Promise<void>(() => {}) })
    expect(said(await read(short, it.load))).toBe('stale old')
    const start = performance.now()
    expect(said(await read(short, it.load))).toBe('stale old')
    expect(performance.now() - start).toBeLessThan(500)
  })

  test('what was known to be changed is not served at all', async () => {
    const { read, forget } = await open()
    await read(short, source().load)
    await forget(['jobs'])
    await expect(read(short, Object.assign(source(), { error: away }).load)).rejects.toThrow('away')
  })
})
