import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, expect, inject, test } from 'vitest'
import { openRedis as openServer } from '../../tools/redis-server.ts'
import { createOwnWrites, lately, quick } from './own-writes.ts'
import { openRedis } from './redis.ts'

const connections: Redis[] = []
afterAll(() => {
  for (const connection of connections) connection.disconnect()
})

const prefix = randomUUID()
async function replica({ url = inject('redisUrl'), isAway = false } = {}) {
  const redis = await openRedis(url, { timeout: 1000, onError: () => {} })
  connections.push(redis)
  return { ...createOwnWrites({ redis, prefix, isRedisAway: () => isAway }), redis }
}

test('who wrote by one replica has written for all, and others have not', async () => {
  const [first, second] = [await replica(), await replica()]
  await first.mark('writer')
  expect(await Promise.all([first, second].map((one) => one.wroteLately('writer')))).toEqual([true, true])
  expect(await second.wroteLately('reader')).toBe(false)
})

test('it is forgotten by itself, after as long as a write may take and the seconds after it', async () => {
  const { mark, redis } = await replica()
  await mark('for-a-while')
  const left = await redis.pttl(`${prefix}:wrote:for-a-while`)
  expect(left).toBeGreaterThan(lately)
  expect(left).toBeLessThanOrEqual(lately + quick)
})

test('without Redis nobody can be told from who wrote, and nothing fails', async () => {
  const server = await openServer()
  const { mark, wroteLately } = await replica({ url: server.url })
  await server.close()
  await mark('writer')
  expect([await wroteLately('writer'), await wroteLately('somebody else')]).toEqual([true, true])
  const asksNobody = await replica({ isAway: true })
  expect(await asksNobody.wroteLately('somebody')).toBe(true)
})

test('a process that is alone knows by itself', async () => {
  const { mark, wroteLately } = createOwnWrites({ redis: undefined, prefix, isRedisAway: () => false })
  await mark('writer')
  expect([await wroteLately('writer'), await wroteLately('reader')]).toEqual([true, false])
})
