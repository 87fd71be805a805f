// What a crowd of readers costs the database, and what sign-ins cost everybody else.
import { randomOf } from '../../tools/random.ts'
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { make, openJob } from './scene.ts'

const [jobs, reads, writeEvery] = [40, 1500, 100]
const lists = ['/v1/jobs', '/v1/jobs?limit=50', '/v1/jobs?category=engineering', '/v1/jobs?sort=highest-budget']
const read = /^seaworthy_cache_reads_total\{name="[^"]+",result="(\w+)"\}$/

/** People browse: four of ten look at lists, the others at jobs, of which few are wanted by many. A job is changed now and then. */
export async function hitsUnderBrowsing(context: Context, least: number): Promise<Evidence> {
  const { api, metrics } = context
  const client = await api.as('client')
  const ids: string[] = []
  for (let n = 0; n < jobs; n++) ids.push((await openJob(client.call)).id)
  const random = randomOf(20_261_127)
  const before = await outcomesOf(metrics)
  let sent = 0
  const lane = async () => {
    while (sent < reads) {
      const at = ++sent
      const path = random() < 0.4 ? lists[Math.floor(random() * lists.length)] : `/v1/jobs/${ids[popular(random())]}`
      const answer = await api.anonymous('GET', String(path))
      if (answer.status !== 200) red('wrong-answer', `${path}: ${answer.status} ${answer.text.slice(0, 200)}`)
      if (at % writeEvery === 0) await change(client.call, ids[Math.floor(random() * jobs)] ?? '')
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  const after = await outcomesOf(metrics)
  const counted = Object.fromEntries([...after].map(([result, count]) => [result, count - (before.get(result) ?? 0)]))
  const all = Object.values(counted).reduce((sum, count) => sum + count, 0)
  if (all < reads) red('not-counted', JSON.stringify(counted))
  const ratio = (counted.hit ?? 0) / all
  if (ratio < least) red('too-few-hits', `${ratio.toFixed(3)} of ${JSON.stringify(counted)}`)
  return { ratio: Number(ratio.toFixed(3)), ...counted }
}

/** By Zipf's law: the second is wanted half as often as the first, the third a third. `x` is from 0 to 1. */
function popular(x: number): number {
  const weights = Array.from({ length: jobs }, (_, rank) => 1 / (rank + 1))
  const all = weights.reduce((sum, weight) => sum + weight)
  let passed = 0
  for (const [rank, weight] of weights.entries()) {
    passed += weight
    if (x * all < passed) return rank
  }
  return jobs - 1
}

async function change(client: Call, id: string): Promise<void> {
  const found = await client('GET', `/v1/jobs/${id}`)
  const headers = { 'if-match': found.field('etag') ?? '' }
  const changed = await client('PATCH', `/v1/jobs/${id}`, { body: { title: 'Another title' }, headers })
  // Two lanes may have chosen the same job.
  if (changed.status !== 200 && changed.status !== 412) red('cannot-set-up', `${changed.status} ${changed.text}`)
}

async function outcomesOf(metrics: Context['metrics']): Promise<Map<string, number>> {
  const sums = new Map<string, number>()
  for (const [name, value] of await metrics()) {
    const [, result] = read.exec(name) ?? []
    if (result) sums.set(result, (sums.get(result) ?? 0) + value)
  }
  return sums
}

/**
 * People sign in all the time, with a hash that takes long, while others read and write. Nobody's turn waits for it: the loop's 99th
 * percentile is far below one hash. (In milliseconds; on a machine that is busy with other things only the ratio says anything.)
 */
export async function staysQuickWhileManySignIn(context: Context, share: number): Promise<Evidence> {
  const { api, metrics, load } = context
  const client = await api.as('client')
  const { id } = await openJob(client.call)
  const { email, password } = client
  const signIn = () => api.anonymous('POST', '/v1/auth/login', { body: { email, password } })
  let hash = Number.POSITIVE_INFINITY
  for (let n = 0; n < 3; n++) hash = Math.min(hash, await timeOf(signIn))
  const delayOf = async () => ((await metrics()).get('nodejs_eventloop_lag_p99_seconds') ?? Number.NaN) * 1000
  // What is read is counted anew from there.
  await delayOf()
  const loads = [
    load(signIn, 3),
    load(() => api.anonymous('GET', `/v1/jobs/${id}`), 2),
    load(() => client.call('GET', '/v1/contracts'), 1),
    load(() => make(client.call, 'createJob').then(() => client.call('GET', '/v1/me')), 1),
  ] as const
  await context.until('load-stands-still', () => loads[0].outcomes.length >= 12, { within: 60_000 })
  const p99 = await delayOf()
  const outcomes = (await Promise.all(loads.map((one) => one.stop()))).flat()
  const about = { p99Ms: Math.round(p99), hashMs: Math.round(hash), requests: outcomes.length }
  if (!(p99 < Math.max(50, hash * share))) red('loop-waits', JSON.stringify(about))
  const wrong = outcomes.find((seen) => seen instanceof Error || seen.status !== 200)
  if (wrong) red('wrong-answer', wrong instanceof Error ? wrong.message : `${wrong.status} ${wrong.text.slice(0, 200)}`)
  return about
}

async function timeOf(send: () => Promise<Answer>): Promise<number> {
  const start = performance.now()
  const answer = await send()
  if (answer.status !== 200) red('cannot-set-up', `${answer.status} ${answer.text.slice(0, 200)}`)
  return performance.now() - start
}
