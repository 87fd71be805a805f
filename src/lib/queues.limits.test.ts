import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, afterEach, describe, expect, inject, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { watched } from '../../test/telemetry.ts'
import { openDatabase } from '../db/client.ts'
import { sql } from '../db/drizzle.ts'
import { openQueues } from './queues.ts'

const { ownerUrl, appUrl } = await createTestDatabase()
const { db, close } = openDatabase(
  {
    ...{ url: appUrl, poolMax: 2, connectTimeout: 10_000, statementTimeout: 60_000, lockTimeout: 60_000 },
    ...{ idleTransactionTimeout: 60_000, connectionLifetime: 60_000 },
  },
  () => {},
)
afterAll(close)

type Queues = ReturnType<typeof openQueues>
let opened: Queues[] = []
afterEach(async () => {
  await Promise.all(opened.map((queues) => queues.close()))
  opened = []
})

const uuid = () => randomUUID() as string
const mail = () => ({ id: uuid(), kind: 'mail.requested', payload: { notificationId: uuid() }, requestId: null })
const letter = () => ({
  ...{ id: uuid(), kind: 'letter.requested', requestId: null },
  payload: { userId: uuid(), letter: 'password-changed', at: new Date().toISOString() },
})

function open(
  store: Parameters<typeof openQueues>[1]['store'],
  does: (id: string) => Promise<unknown> = async () => {},
) {
  const seen: string[] = []
  const came = new EventTarget()
  const handle = async ({ id }: { id: string }) => {
    seen.push(id)
    came.dispatchEvent(new Event('job'))
    await does(id)
  }
  const queues = openQueues(
    [
      { queue: 'mail', kind: 'letter.requested', handle },
      { queue: 'mail', rank: 1, kind: 'mail.requested', handle },
    ],
    {
      ...{ store, prefix: uuid(), attempts: 1, backoff: 20, lock: 5000, onError: () => {} },
      ...{ ...watched(), limits: { job: 300, schedule: 60_000 } },
    },
  )
  opened.push(queues)
  const dead: string[] = []
  const work = (perSecond?: number) =>
    queues.work({
      concurrency: { events: 1, mail: 1 },
      perSecond: { mail: perSecond },
      onFailed: () => {},
      onDead: async (_event, { message }) => void dead.push(message),
    })
  const until = async (count: number) => {
    while (seen.length < count) await once(came, 'job', { signal: AbortSignal.timeout(15_000) })
  }
  return { queues, seen, dead, work, until }
}

describe.each([
  ['Redis', { redis: inject('redisUrl') }],
  ['PostgreSQL', { postgres: ownerUrl }],
])('on %s', (_name, store) => {
  test('a job that takes too long is given up with its statement, and makes room for the next', async () => {
    const [stuck, next] = [mail(), mail()]
    const statement = Promise.withResolvers<unknown>()
    const { queues, seen, dead, work, until } = open(store, async (id) => {
      if (id !== stuck.id) return
      await db.execute(sql`SELECT pg_sleep(60)`).catch((error) => {
        statement.resolve(error)
        throw error
      })
    })
    await work()
    for (const told of [stuck, next]) await queues.publish(told)
    await until(2)
    expect(seen).toEqual([stuck.id, next.id])
    await expect.poll(() => dead).toEqual(['It took longer than 300 ms'])
    expect(await statement.promise).toMatchObject({ code: 'DATABASE_BUSY' })
  })

  test('what may come later comes after what waits for somebody, and each in its order', async () => {
    const { queues, seen, work, until } = open(store)
    const [mails, letters] = [
      [mail(), mail()],
      [letter(), letter()],
    ]
    for (const told of [...mails, ...letters]) await queues.publish(told)
    await work()
    await until(4)
    expect(seen).toEqual([...letters, ...mails].map(({ id }) => id))
  })

  test('no more begin in a second than the other side takes', async () => {
    const { queues, work, until } = open(store)
    for (let n = 0; n < 5; n++) await queues.publish(mail())
    const start = performance.now()
    await work(2)
    await until(5)
    // Two, two, and one: two whole seconds lie between the first and the last.
    expect(performance.now() - start).toBeGreaterThan(1500)
  })
})
