// REL-03: what /health/status says follows what happens.
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { agreed, fund, parties } from './money-scene.ts'

type Status = {
  status: string
  version: string
  uptimeSeconds: number
  checks: { name: string; ok: boolean; milliseconds: number }[]
  pool: { total: number; max: number }
  breakers: { name: string; state: string }[]
  cache: { hits: number; reads: number; hitRatio: number | null }
  queues: { name: string; waiting: number }[]
  disk: { freeBytes: number; sizeBytes: number }
}

/** There is no worker in this stack: what is put into a queue waits there. */
export async function statusTells(context: Context): Promise<Evidence> {
  const { api, payments, redis, until } = context
  const [support, client] = await Promise.all([api.as('support'), api.as('client')])
  for (const call of [api.anonymous, client.call]) {
    const { status } = await call('GET', '/health/status')
    if (![401, 403].includes(status)) red('anyone-may-look', String(status))
  }
  const look = async () => {
    const answer = await support.call('GET', '/health/status')
    if (answer.status !== 200) red('no-status', `${answer.status} ${answer.text.slice(0, 200)}`)
    return answer.json<Status>()
  }
  const before = await look()
  if (before.checks.length < 3 || !before.checks.every(({ ok, milliseconds }) => ok && milliseconds >= 0))
    red('no-dependencies', JSON.stringify(before.checks))
  if (!/^\d+\.\d+/.test(before.version) || before.uptimeSeconds < 0) red('no-version')
  if (!(before.pool.max > 0 && before.pool.total > 0)) red('no-pool', JSON.stringify(before.pool))
  if (!(before.disk.freeBytes > 0 && before.disk.freeBytes <= before.disk.sizeBytes)) red('no-disk')

  payments.fault({ do: 'fail', times: 10 })
  const both = await parties(context)
  await fund(both, await agreed(both))
  await until('no-breakers', async () =>
    (await look()).breakers.some(({ name, state }) => name === 'payments' && state === 'open'),
  )
  payments.heal()

  for (let turn = 0; turn < 4; turn++) await api.anonymous('GET', '/v1/jobs?limit=3')
  const { cache } = await look()
  if (!(cache.reads >= before.cache.reads + 4 && cache.hits > before.cache.hits && Number(cache.hitRatio) > 0))
    red('cache-not-told', JSON.stringify(cache))

  await addJobs(redis.url, 3)
  const mail = await until('queue-not-told', async () =>
    (await look()).queues.find(({ name, waiting }) => name === 'mail' && waiting === 3),
  )
  return {
    dependencies: before.checks.map(({ name }) => name),
    breaker: 'payments open',
    hitRatio: cache.hitRatio ?? 0,
    waiting: mail.waiting,
  }
}

/** As whoever adds one would. */
async function addJobs(url: string, count: number): Promise<void> {
  const { Queue } = await import('bullmq')
  const queue = new Queue('mail', { prefix: 'seaworthy', connection: { url } })
  for (let turn = 0; turn < count; turn++) await queue.add('nothing', {})
  await queue.close()
}
