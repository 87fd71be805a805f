// OBS-11: what is recorded of each objective is the share that was bad, and the page of each fires, on a live Prometheus.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Queue } from 'bullmq'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { agreed, fund, type Parties } from './money-scene.ts'
import { type Sample, samplesOf } from './observability-samples.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'
import { invoke } from './scene.ts'

/** The names of its queues are known, and a busy machine is waited for. */
export const knownQueues = { REDIS_PREFIX: 'objectives', PAYMENTS_QUICK_MS: '8000' }

type Is = (sample: Sample) => boolean
type Objective = { slo: string; page: string; total: Is; bad?: Is; good?: Is }

const requests = 'seaworthy_http_request_duration_seconds'
const waits = 'seaworthy_queue_wait_duration_seconds'
const health = ['getLive', 'getReady', 'getHealth', 'getReadyAlias']
const isAnswer: Is = ({ labels }) => !health.includes(labels.operation ?? '')
const isOurs: Is = ({ labels }) => labels.status === '5xx'
const isCharge: Is = ({ name, labels }) => name === 'seaworthy_payments_total' && labels.kind !== 'refund'

/** The objectives in words of the samples themselves, written by hand: the rules are held against these. */
const objectives: Objective[] = [
  {
    slo: 'availability',
    page: 'AvailabilityBurn1h',
    total: (one) => one.name === `${requests}_count` && isAnswer(one),
    bad: (one) => one.name === `${requests}_count` && isAnswer(one) && isOurs(one),
  },
  {
    slo: 'latency',
    page: 'LatencyBurn1h',
    total: (one) => one.name === `${requests}_count` && isAnswer(one) && !isOurs(one),
    good: (one) => one.name === `${requests}_bucket` && isAnswer(one) && !isOurs(one) && one.labels.le === '0.3',
  },
  {
    slo: 'queue-delay',
    page: 'QueueDelayBurn1h',
    total: ({ name }) => name === `${waits}_count`,
    good: ({ name, labels }) => name === `${waits}_bucket` && labels.le === '30',
  },
  {
    slo: 'payments',
    page: 'PaymentsBurn1h',
    total: isCharge,
    good: (one) => isCharge(one) && one.labels.status === 'succeeded',
  },
]

export async function objectivesAreRecorded(context: Context): Promise<Evidence> {
  const { api, server, workers, until } = context
  const both: Parties = { client: await api.as('client'), worker: await api.as('worker') }
  // A series is counted from its second sample on: each has its first before Prometheus looks.
  await cause(context, both, { reads: 2, failures: 1, slow: 1, late: 1, paid: 1, declined: 1 })
  const before = await samplesOf(context, server, ...workers)
  const prometheus = await startPrometheus(context, {
    ...{ api: [server], worker: workers, rules: ['rules/*.yml', 'alerts/slos.yml'] },
    // What is compared stays as it is; only the wait before the page is shorter.
    change: (rule) =>
      rule.alert?.endsWith('Burn1h') || rule.record ? { ...rule, ...(rule.for && { for: '1s' }) } : undefined,
  })
  const scraped = 'count_over_time(up[1m]) > 2'
  await until('not-scraped', async () => (await prometheus.query(scraped)).length === 1 + workers.length, {
    within: 30_000,
  })
  const early = (await firing(prometheus)).join()
  if (early) red('fires-without-reason', early)
  await cause(context, both, { reads: 40, failures: 10, slow: 20, late: 12, paid: 1, declined: 6 })
  // Both counters of a share are seen over the same time; the more of it, the less what lies between two scrapes counts.
  const after = await samplesOf(context, server, ...workers)
  const evidence: [string, string][] = []
  for (const objective of objectives) {
    const share = shareOf(objective, before, after)
    if (share < 0.05) red('nothing-was-bad', `${objective.slo}: ${share}`)
    evidence.push([objective.slo, `${(share * 100).toFixed(1)} % bad`])
    for (const window of ['5m', '1h', '30d']) await isRecorded(context, prometheus, objective.slo, window, share)
    const pages = async () => (await firing(prometheus)).includes(objective.page)
    await until(`${objective.slo}-page-does-not-fire`, pages, { within: 15_000 })
  }
  return Object.fromEntries([...evidence, ['pages', objectives.map(({ page }) => page)]])
}

type Amount = { reads: number; failures: number; slow: number; late: number; paid: number; declined: number }

/** As a balancer asks where there is little traffic: a share that counts them is far from the one that does not. */
const checksARead = 5

/** Known numbers of what is good and bad. Health checks are no answers that people wait for. */
async function cause(context: Context, both: Parties, amount: Amount): Promise<void> {
  const { api, sql, payments } = context
  const times = <T>(count: number, work: () => Promise<T>) => Promise.all(Array.from({ length: count }, work))
  for (let read = 0; read < amount.reads; read++) {
    await api.anonymous('GET', `/v1/jobs?limit=${1 + (read % 3)}`)
    await times(checksARead, () => api.anonymous('GET', '/health/ready'))
  }
  await sql.owner('REVOKE INSERT ON jobs FROM seaworthy_app')
  const failed = await times(amount.failures, () => invoke(both.client.call, 'createJob'))
  await sql.owner('GRANT INSERT ON jobs TO seaworthy_app')
  if (failed.some(({ status }) => status < 500)) red('cannot-set-up', 'a job was made without the right to it')

  const held = await sql.hold('jobs')
  const slow = times(amount.slow, () => api.anonymous('GET', `/v1/jobs?q=${randomUUID()}`))
  await held.awaited()
  await delay(600)
  await held.release()
  await held.close()
  await slow
  await comeLate(context, amount.late)

  for (let paid = 0; paid < amount.paid; paid++) await fund(both, await agreed(both))
  for (let declined = 0; declined < amount.declined; declined++) {
    const part = await agreed(both)
    payments.fault({ do: 'decline', on: 'charge' })
    await invoke(both.client.call, 'fundContract', { part })
  }
  const ended = `SELECT FROM payments WHERE status = 'pending'`
  await context.until('payments-do-not-end', async () => (await sql.owner(ended)).length === 0, { within: 20_000 })
}

/** Jobs that were due a minute ago, in the queue of mails, which has no other here. Nobody handles them, and that is not looked at. */
async function comeLate({ redis, until }: Context, count: number): Promise<void> {
  const queue = new Queue('mail', { connection: { url: redis.url }, prefix: knownQueues.REDIS_PREFIX })
  const options = { timestamp: Date.now() - 60_000, attempts: 1 }
  await queue.addBulk(Array.from({ length: count }, () => ({ name: 'late', data: { kind: 'late' }, opts: options })))
  await until('jobs-do-not-begin', async () => (await queue.getJobCountByTypes('waiting', 'active')) === 0)
  await queue.close()
}

function shareOf({ total, bad, good }: Objective, before: Sample[], after: Sample[]): number {
  const sum = (samples: Sample[], is: Is) => samples.filter(is).reduce((all, { value }) => all + value, 0)
  const grown = (is: Is) => sum(after, is) - sum(before, is)
  const all = grown(total)
  if (all === 0) red('nothing-happened')
  return bad ? grown(bad) / all : 1 - grown(good ?? total) / all
}

/** Within a tenth, for the ends of the window are not exactly those of the traffic. */
async function isRecorded({ until }: Context, { query }: Prometheus, slo: string, window: string, share: number) {
  let recorded = Number.NaN
  const look = async () => {
    recorded = Number((await query(`slo:bad:ratio_rate${window}{slo="${slo}"}`))[0]?.value[1])
    return Math.abs(recorded - share) <= 0.01 + share / 10
  }
  await until(`${slo}-share-wrong`, look, { within: 12_000 }).catch((error: Error) => {
    throw Object.assign(error, { message: `${error.message}: ${window} says ${recorded} instead of ${share}` })
  })
}

const firing = async ({ alerts }: Prometheus) =>
  (await alerts()).filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname ?? '')
