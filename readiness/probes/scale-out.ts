// SCA-05: what the number of machines follows moves under load, and a real Prometheus answers the autoscaler's own query with it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { apply, openJob } from './data-journey.ts'
import { isConfirmed } from './mail-scene.ts'
import { readFly } from './operations-fly.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'

/** More machines than this are no bound: each costs money, and connections to the database. */
const bound = 20

export async function scalesOnSignals(context: Context): Promise<Evidence> {
  const { tree, server, workers } = context
  const { app, http_service: service, processes = {} } = readFly(tree, 'fly.toml')
  const { env: scaler } = readFly(tree, 'fly/autoscaler.toml')
  if (scaler.FAS_APP_NAME !== app || !processes[scaler.FAS_PROCESS_GROUP ?? '']) red('scales-something-else', app)
  // The expression only names what the query answers, so the query says it all.
  if (scaler.FAS_STARTED_MACHINE_COUNT !== scaler.FAS_PROMETHEUS_METRIC_NAME)
    red('counts-something-else', scaler.FAS_STARTED_MACHINE_COUNT)
  if (service?.auto_start_machines !== true || !service.concurrency) red('api-count-is-fixed')

  const labels = { app: app ?? '' }
  const prometheus = await startPrometheus(context, { api: [server], worker: workers, labels })
  // What looks back over minutes looks back over seconds here.
  const query = (scaler.FAS_PROMETHEUS_QUERY ?? '').replace(/\$\{APP_NAME\}/g, app).replace(/\[(\d+)m\]/g, '[$1s]')
  const seen = { ...(await workersFollow(context, prometheus, query)), ...(await requestsAreSeen(context, prometheus)) }
  return { ...seen, documentedQueries: await documentedAnswer(context, prometheus) }
}

async function workersFollow(context: Context, prometheus: Prometheus, query: string) {
  const { api, sql, until } = context
  for (const name of new Set(query.match(/seaworthy_\w+/g) ?? red('no-signal', query)))
    await until('signal-missing', async () => (await prometheus.query(name)).length > 0, { within: 8000 })
  const wanted = async () => numberOf(await prometheus.query(query)) ?? red('answers-nothing', query)
  const calm = await wanted()
  if (calm < 2) red('fewer-than-two', String(calm))

  const [client, worker] = [await api.as('client'), await api.as('worker')]
  await isConfirmed(context, [client, worker])
  const held = await sql.hold('notifications')
  for (let turn = 0; turn < 3; turn++) await apply(worker, await openJob(client))
  const older = await until('no-backlog', () => ageJobs(context, 130_000))
  const oldest = () => prometheus.query('max(seaworthy_queue_oldest_waiting_seconds)').then(numberOf)
  await until('age-does-not-move', async () => Number(await oldest()) > 100, { within: 6000 })
  const more = await until(
    'no-more-under-backlog',
    async () => {
      const now = await wanted()
      return now > calm && now
    },
    { within: 6000 },
  )
  await ageJobs(context, 86_400_000)
  await until('age-does-not-move', async () => Number(await oldest()) > 80_000, { within: 6000 })
  const most = await wanted()
  if (most > bound) red('without-bound', String(most))
  await held.release()
  await until('no-fewer-afterwards', async () => (await wanted()) === calm, { within: 20_000 })
  return { jobsThatWaited: older, workersWhenCalm: calm, workersAfterTwoMinutes: more, workersAtMost: most }
}

/** Makes the jobs that wait as old as that, as if nobody had worked for so long. Answers how many wait. */
async function ageJobs({ redis }: Context, milliseconds: number): Promise<number> {
  const client = new Redis(redis.url)
  try {
    const [list] = await client.keys('*:events:wait')
    const ids = list ? await client.lrange(list, 0, -1) : []
    for (const id of ids)
      await client.hset(`${list?.replace(/wait$/, '')}${id}`, 'timestamp', String(Date.now() - milliseconds))
    return ids.length
  } finally {
    client.disconnect()
  }
}

/** What Fly's proxy counts against the soft limit is what the service itself says that it works on. */
async function requestsAreSeen({ api, sql, until }: Context, prometheus: Prometheus) {
  const { call } = await api.as('client')
  const inside = async () =>
    numberOf(await prometheus.query('sum(seaworthy_requests_in_progress) + sum(seaworthy_requests_waiting)'))
  const held = await sql.hold('users')
  const calls = Promise.allSettled(Array.from({ length: 6 }, () => call('GET', '/v1/me')))
  // Where this turns red, they are let go with the probe.
  await until('concurrency-does-not-move', async () => Number(await inside()) >= 6, { within: 6000 })
  await held.release()
  await calls
  await until('concurrency-stays', async () => (await inside()) === 0, { within: 6000 })
  return { requestsHeld: 6 }
}

/** Every query that docs/scaling.md tells people to look at has an answer. */
async function documentedAnswer({ tree, until }: Context, prometheus: Prometheus): Promise<number> {
  const text = readFileSync(join(tree, 'docs/scaling.md'), 'utf8')
  const queries = [...text.matchAll(/```promql\n([\s\S]*?)```/g)].map(([, query = '']) => query)
  if (queries.length === 0) red('not-documented')
  for (const query of queries)
    await until('documented-query-answers-nothing', async () => numberOf(await prometheus.query(query)) !== undefined)
  return queries.length
}

function numberOf(series: { value: [number, string] }[]): number | undefined {
  const value = Number(series[0]?.value[1])
  return Number.isFinite(value) ? value : undefined
}
