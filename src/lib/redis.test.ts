import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { openSentinels, type Sentinels } from '../../tools/redis-sentinels.ts'
import { openRedis as openServer } from '../../tools/redis-server.ts'
import { connectTo, openRedis, type Redis } from './redis.ts'

const opened: { disconnect(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.disconnect()
})

async function sentinels(): Promise<Sentinels> {
  const set = await openSentinels()
  onTestFinished(() => set.close())
  return set
}

async function open(url: string): Promise<Redis> {
  const redis = await openRedis(url, { timeout: 500, onError: () => {} })
  opened.push(redis)
  return redis
}

/** Writes until it is done; answers the port of the server that took it. */
async function written(redis: Redis): Promise<number> {
  const signal = AbortSignal.timeout(25_000)
  for (;;) {
    signal.throwIfAborted()
    const done = await redis.set(`test:${randomUUID()}`, '1', 'EX', 60).catch(() => undefined)
    if (done) return Number(/^tcp_port:(\d+)/m.exec(await redis.info('server'))?.[1])
    if (redis.status !== 'ready') await once(redis, 'ready', { signal }).catch(() => {})
  }
}

const portOf = ({ url }: { url: string }) => Number(new URL(url).port)

test('a primary that is killed is left for the one that took over', { timeout: 60_000 }, async () => {
  const set = await sentinels()
  const redis = await open(set.url)
  expect(await written(redis)).toBe(portOf(set.primary))
  set.primary.kill('SIGKILL')
  await set.takenOver()
  expect(await written(redis)).toBe(portOf(set.replica))
})

test('one that hangs is left, too, and so is a sentinel that hangs with it', { timeout: 60_000 }, async () => {
  const set = await sentinels()
  const [redis, patient] = [await open(set.url), connectTo(set.url, { maxRetriesPerRequest: null })]
  opened.push(patient.on('error', () => {}))
  expect([await written(redis), await written(patient)]).toEqual([portOf(set.primary), portOf(set.primary)])
  // The first was asked before, so that this one is next.
  set.sentinels[1]?.child.kill('SIGSTOP')
  set.primary.kill('SIGSTOP')
  await set.takenOver()
  expect([await written(redis), await written(patient)]).toEqual([portOf(set.replica), portOf(set.replica)])
})

test('what is asked in one turn of the event loop leaves in one write', async () => {
  const server = await openServer()
  onTestFinished(() => server.close())
  const redis = await open(server.url)
  const stream = redis.stream as unknown as Record<'_write' | '_writev', () => void>
  const [alone, together] = [vi.spyOn(stream, '_write'), vi.spyOn(stream, '_writev')]
  const answers = await Promise.all(Array.from({ length: 20 }, () => redis.ping()))
  expect(new Set(answers)).toEqual(new Set(['PONG']))
  expect([alone.mock.calls.length, together.mock.calls.length]).toEqual([0, 1])
})
