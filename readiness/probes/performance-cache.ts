// What the cache answers, to whom, for how long, and how many queries it saves.
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { make, openJob } from './scene.ts'

const statusOf = (answer: Answer) => answer.field('cache-status') ?? 'none'
const isHit = (answer: Answer) => statusOf(answer).includes('; hit')
const jobPath = (id: string) => `/v1/jobs/${id}`

export async function keepsAndForgets(context: Context): Promise<Evidence> {
  const { api, sql, metrics, startApi, newcomer } = context
  const { anonymous } = api
  const client = await api.as('client')
  const [one, other] = [await openJob(client.call), await openJob(client.call)]
  const get = (id: string) => anonymous('GET', jobPath(id))
  const hits = async () => (await metrics()).get('seaworthy_cache_reads_total{name="getJob",result="hit"}') ?? 0
  const before = await hits()
  await Promise.all([get(one.id), get(other.id)])
  const hit = await get(one.id)
  if (!isHit(hit)) red('never-hit', statusOf(hit))
  const ttl = Number(/ttl=(-?\d+)/.exec(statusOf(hit))?.[1])
  if (!(ttl <= 60 && ttl >= 40)) red('lifetime-differs', statusOf(hit))
  if ((await hits()) <= before) red('not-counted')

  await listed(anonymous, one.id)
  await client.call('PATCH', jobPath(one.id), {
    body: { title: 'Another title' },
    headers: { 'if-match': hit.field('etag') ?? '' },
  })
  if ((await get(one.id)).json().title !== 'Another title') red('key-not-forgotten')
  if (!isHit(await get(other.id))) red('forgets-too-much', statusOf(await get(other.id)))
  const third = await openJob(client.call)
  if (!(await listed(anonymous, third.id))) red('tag-not-forgotten', 'a new job is not in the list')

  const admin = await api.as('admin')
  await switchTo(admin.call, 'PUT')
  await sql.owner("UPDATE jobs SET title = 'Changed behind its back' WHERE id = $1", [other.id])
  const off = await get(other.id)
  if (isHit(off) || off.json().title !== 'Changed behind its back') red('kill-switch-ignored', statusOf(off))
  await switchTo(admin.call, 'DELETE')
  await get(one.id)
  if (!isHit(await get(one.id))) red('does-not-come-back', statusOf(await get(one.id)))

  const without = newcomer((await startApi({ CACHE: 'off' })).url).call
  await without('GET', jobPath(one.id))
  if (isHit(await without('GET', jobPath(one.id)))) red('kill-switch-ignored', 'CACHE=off')
  return { lifetime: 60, seen: statusOf(hit), hitsCounted: (await hits()) - before }
}

async function switchTo(call: Call, method: 'PUT' | 'DELETE'): Promise<void> {
  const answer = await call(
    method,
    '/v1/admin/switches/cache-off',
    method === 'PUT' ? { body: { reason: 'a probe' } } : {},
  )
  if (answer.status >= 300) red('no-kill-switch', `${answer.status} ${answer.text.slice(0, 200)}`)
}

async function listed(call: Call, id: string): Promise<boolean> {
  const { data } = (await call('GET', '/v1/jobs?limit=100')).json<{ data: { id: string }[] }>()
  return data.some((job) => job.id === id)
}

type Seen = { at: number; version: number }

/** Reads both replicas all the time while one job is changed again and again, through an outage of Redis too. */
export async function noReplicaIsBehind(context: Context): Promise<Evidence> {
  const { api, apiAt, newcomer, startApi, redis, until } = context
  const client = await api.as('client')
  const { id, version: first } = await openJob(client.call)
  const other = (await startApi()).url
  const readers = [api.url, other].map((url) => readAgainAndAgain(newcomer(url).call, id))
  const writers = [client.call, apiAt(other).withToken(client.token)]
  const written: Seen[] = []
  let version = first
  let isAway = false
  const write = async () => {
    // While Redis is away only one writes: the other hears of nothing.
    const call = writers[isAway ? 0 : version % 2] as Call
    const answer = await call('PATCH', jobPath(id), {
      body: { title: `Title ${version}` },
      headers: { 'if-match': `"${version}"` },
    })
    if (answer.status !== 200) red('cannot-write', `${answer.status} ${answer.text.slice(0, 200)}`)
    version = Number(answer.json().version)
    written.push({ at: performance.now(), version })
    const own = await call('GET', jobPath(id))
    if (Number(own.json().version) < version) red('own-write-unseen', `${own.json().version} after ${version}`)
  }
  const writesFor = async (milliseconds: number) => {
    const end = performance.now() + milliseconds
    while (performance.now() < end) {
      await write()
      const pause = performance.now() + 200
      await until('clock', () => performance.now() > pause)
    }
  }
  try {
    await writesFor(1500)
    redis.kill('SIGSTOP')
    isAway = true
    await writesFor(2500)
    redis.kill('SIGCONT')
    isAway = false
    await writesFor(1000)
    // Now the last write is the one that all have to see a second later.
    const end = performance.now() + 1300
    await until('clock', () => performance.now() > end)
  } finally {
    redis.kill('SIGCONT')
  }
  const seen = await Promise.all(readers.map((reader) => reader.stop()))
  const oldest = Math.max(...seen.map((reads) => behind(reads, written)))
  if (oldest > 1000) red('older-than-a-second', `${oldest} ms`)
  if (seen.some((reads) => reads.length < 20)) throw new Error('Too few reads to say anything')
  return { replicas: 2, writes: written.length, reads: seen.map(({ length }) => length), mostBehindMs: oldest }
}

function readAgainAndAgain(call: Call, id: string) {
  const reads: Seen[] = []
  let stopped = false
  const lane = async () => {
    while (!stopped) {
      const at = performance.now()
      const answer = await call('GET', jobPath(id))
      if (answer.status !== 200) red('read-refused', `${answer.status} ${answer.text.slice(0, 200)}`)
      reads.push({ at, version: Number(answer.json().version) })
    }
  }
  const lanes = [lane(), lane()]
  for (const one of lanes) one.catch(() => {})
  return {
    async stop() {
      stopped = true
      await Promise.all(lanes)
      return reads
    },
  }
}

/** The longest that a read began after a completed write whose version it did not show (ms). */
function behind(reads: readonly Seen[], written: readonly Seen[]): number {
  const late = reads.flatMap((read) => {
    const unseen = written.find(({ version }) => version > read.version)
    return unseen && read.at > unseen.at ? Math.round(read.at - unseen.at) : []
  })
  return Math.max(0, ...late)
}

export async function aThousandMissesAreOneQuery(context: Context): Promise<Evidence> {
  const { api, sql, until, metrics, newcomer, link } = context
  const client = await api.as('client')
  await make(client.call, 'createJob')
  const held = await sql.hold('jobs')
  const before = link.statements()
  const { call } = newcomer()
  const sent = Array.from({ length: 1000 }, () => call('GET', '/v1/jobs?limit=7&sort=oldest', { within: 60_000 }))
  // Those that are cut off when the probe ends red say nothing.
  for (const one of sent) one.catch(() => {})
  await until('not-all-there', async () => ((await metrics()).get('seaworthy_requests_in_progress') ?? 0) >= 1000, {
    within: 30_000,
  })
  await until('no-query', async () => (await held.waiting()) > 0)
  // Longer than one replica waits for what another reads.
  let waiting = 0
  const end = performance.now() + 1500
  await until('clock', async () => {
    waiting = Math.max(waiting, await held.waiting())
    return performance.now() > end
  })
  if (waiting > 1) red('more-than-one-query', `${waiting} at once`)
  await held.release()
  const answers = await Promise.all(sent)
  const odd = answers.find(({ status }) => status !== 200)
  if (odd) red('refused', `${odd.status} ${odd.text.slice(0, 200)}`)
  if (new Set(answers.map(({ text }) => text)).size !== 1) red('answers-differ')
  return { misses: answers.length, queriesAtOnce: waiting, statementsMeanwhile: link.statements() - before }
}
