// Two replicas behind the edge: whatever one of them knows counts at the other, and when one dies nobody notices.
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { count, draft, kill, openJob, outcome } from './reliability-scene.ts'
import { openEdge, placeOf } from './rolling-edge.ts'

/** Calls that a person may make in a minute: fewer than two replicas would let through that count alone. */
export const readsInAMinute = 40

export async function replicasShareEverything(context: Context): Promise<Evidence> {
  const second = await context.startApi()
  const edge = await openEdge(context, [context.server, second])
  try {
    const person = await sessionsAreShared(context, second)
    await limitsAreShared(context, second)
    await writesAreSeen(context, second)
    await nobodyIsTied(edge.call, edge.lines)
    const outlived = await oneIsKilled(context, second, edge.withToken(person.token))
    await endIsTold(context, second, person)
    return { replicas: 2, limit: readsInAMinute, ...outlived }
  } finally {
    await edge.close()
  }
}

/** Signed in at one, at home at the other, which renews the session too. */
async function sessionsAreShared({ api, apiAt }: Context, second: Door): Promise<Person> {
  const person = await api.as('client')
  const other = apiAt(second.url)
  const seen = await other.withToken(person.token)('GET', '/v1/me')
  if (seen.status !== 200) red('session-not-shared', told(seen))
  const body = { email: person.email, password: person.password }
  const { refreshToken } = (await api.anonymous('POST', '/v1/auth/login', { body })).json()
  const renewed = await other.anonymous('POST', '/v1/auth/refresh', { body: { refreshToken } })
  if (renewed.status !== 200) red('session-not-shared', told(renewed))
  return person
}

async function limitsAreShared({ api, apiAt }: Context, second: Door): Promise<void> {
  const { call, token } = await api.as('client')
  const replicas = [call, apiAt(second.url).withToken(token)]
  const asked = Array.from({ length: readsInAMinute * 1.5 }, (_, at) => replicas[at % 2]?.('GET', '/v1/me'))
  const answers = await Promise.all(asked)
  if (!answers.some((answer) => answer?.status === 429)) red('limits-not-shared', `${answers.length} calls were taken`)
}

/** What one keeps in its memory is gone when the other has written. */
async function writesAreSeen(context: Context, second: Door): Promise<void> {
  const { client, jobId } = await openJob(context)
  const elsewhere = () => context.apiAt(second.url).anonymous('GET', `/v1/jobs/${jobId}`)
  await elsewhere()
  const etag = (await client.call('GET', `/v1/jobs/${jobId}`)).field('etag') ?? ''
  const title = 'Moor the other ferry'
  const changed = await client.call('PATCH', `/v1/jobs/${jobId}`, { body: { title }, headers: { 'if-match': etag } })
  if (changed.status !== 200) red('cannot-set-up', told(changed))
  await context.until('cache-not-shared', async () => (await elsewhere()).json().title === title, { within: 5000 })
}

/** One caller on one connection reaches both. */
async function nobodyIsTied(call: Call, lines: () => Promise<Record<string, unknown>[]>): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await call('GET', '/health/live')
  const replicas = new Set((await lines()).map(({ replica }) => replica))
  if (replicas.size !== 2) red('sticky', [...replicas].join())
}

/** Reads and writes with a key that are in the middle of their work at both, when one is killed. */
async function oneIsKilled(context: Context, victim: Door, call: Call) {
  const { sql, until } = context
  const held = await sql.hold('jobs')
  const drafts = Array.from({ length: 8 }, draft)
  const sent = [
    ...drafts.map((body) => outcome(call('POST', '/v1/jobs', { body, within: 30_000 }))),
    ...drafts.map((_, at) => outcome(call('GET', `/v1/jobs?limit=${at + 11}`, { within: 30_000 }))),
  ]
  await until('not-in-flight', async () => (await held.waiting()) >= sent.length)
  await kill(victim)
  await held.release()
  const answers = await Promise.all(sent)
  const lost = answers.filter((one) => one instanceof Error || one.status >= 300)
  if (lost.length > 0) red('request-lost', `${lost.length} of ${answers.length}, such as ${told(lost[0])}`)
  const titles = drafts.map(({ title }) => title)
  const rows = await count(context, 'SELECT count(*) FROM jobs WHERE title = ANY ($1)', [titles])
  if (rows !== drafts.length) red('not-exactly-once', `${rows} rows of ${drafts.length} writes`)
  return { underWayAtTheKill: sent.length, lost: 0, rows }
}

/** A session that ends at one is over at the other within a second or two. */
async function endIsTold({ api, startApi, apiAt, until }: Context, gone: Door, { token }: Person): Promise<void> {
  // In the place of the one that was killed.
  const next = await startApi(placeOf(gone))
  const other = apiAt(next.url).withToken(token)
  if ((await other('GET', '/v1/me')).status !== 200) red('session-not-shared', 'after a restart')
  await api.withToken(token)('POST', '/v1/auth/logout')
  await until('revocation-not-shared', async () => (await other('GET', '/v1/me')).status === 401, { within: 8000 })
}

const told = (one: Answer | Error | undefined) =>
  one instanceof Error ? one.message : `${one?.status} ${one?.text.slice(0, 200)}`
