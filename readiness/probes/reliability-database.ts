// The pool when there is more work than connections, and the service when PostgreSQL drops every connection under load.
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { count, draft, growPool, hasEnded, openJob, outcome, paced } from './reliability-scene.ts'

const loginOf = (env: Context['env']) => new URL(env.DATABASE_URL ?? '').username

/** Connections of the service, as PostgreSQL has them. */
async function backends({ sql, env }: Context): Promise<number[]> {
  const query = 'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = $1'
  const rows = await sql.admin<{ pid: number }>(query, [loginOf(env)])
  return rows.map(({ pid }) => pid)
}

/** `size` is that of the pool. */
export async function refusesWhatFindsNoConnection(context: Context, size: number): Promise<Evidence> {
  const { api, sql, until } = context
  const { call } = await api.as('client')
  const held = await sql.hold('notifications')
  const start = performance.now()
  const answers: { seen: Answer | Error; after: number }[] = []
  const sent = Array.from({ length: size + 6 }, async () => {
    const seen = await outcome(call('GET', '/v1/me/notifications'))
    answers.push({ seen, after: Math.round(performance.now() - start) })
  })
  let most = 0
  // They stand still, so those that have no connection can only be refused. Eight seconds are the longest that is no hang.
  const refused = async () => {
    // Those at work: one that is being replaced goes a moment later than the pool thinks.
    most = Math.max(most, await held.waiting())
    if (most > size) red('pool-exceeds-its-size', `${most} connections`)
    return answers.length >= 6
  }
  await until('waits-without-end', refused, { within: 8000 })
  const slowest = Math.max(...answers.map(({ after }) => after))
  for (const { seen } of answers) if (!isRefusal(seen)) red('not-a-503', told(seen))
  await held.release()
  await Promise.all(sent)
  for (const { seen } of answers.slice(6)) if (statusOf(seen) !== 200) red('lost-after-release', told(seen))
  const replaced = await replacesItsConnections(context, call)
  await triesWhatHasRested(context)
  return { poolSize: size, mostConnections: most, refused: 6, slowestMs: slowest, served: size, replaced }
}

function isRefusal(seen: Answer | Error): boolean {
  return (
    !(seen instanceof Error) &&
    seen.status === 503 &&
    seen.field('retry-after') !== undefined &&
    seen.field('content-type')?.startsWith('application/problem+json') === true
  )
}

/** Each connection has gone after its lifetime, and nobody notices. Answers how many have. */
async function replacesItsConnections(context: Context, call: Call): Promise<number> {
  const { until } = context
  const serve = async () => {
    const answer = await call('GET', '/v1/me/notifications')
    if (answer.status !== 200) red('not-well-again', told(answer))
  }
  await serve()
  const old = await backends(context)
  await until('connections-never-replaced', async () => {
    await serve()
    const now = await backends(context)
    return old.length > 0 && !old.some((pid) => now.includes(pid))
  })
  return old.length
}

/**
 * The way has forgotten connections that nothing passed for a while, as a firewall does: a request that comes to one is served all the
 * same. By another API, whose connections grow old.
 */
async function triesWhatHasRested({ apiAt, startApi, link, sql, until }: Context): Promise<void> {
  const { url } = await startApi({ DATABASE_CONNECTION_LIFETIME_MS: '600000', DATABASE_POOL_MAX: '5' })
  const { call } = await apiAt(url).as('client')
  const useAll = async (reason: string) => {
    const held = await sql.hold('notifications')
    const reads = Array.from({ length: 5 }, () => outcome(call('GET', '/v1/me/notifications')))
    await until(reason, async () => (await held.waiting()) === 5, { within: 6000 })
    await held.release()
    for (const seen of await Promise.all(reads)) if (statusOf(seen) !== 200) red(reason, told(seen))
  }
  await useAll('pool-does-not-grow')
  // Some go on being used, for what the service asks by itself; others rest.
  await until('nothing-rests', () => link.forget(2500) > 0)
  await useAll('rested-not-tried')
}

export async function healsUnderLoad(context: Context): Promise<Evidence> {
  const { api, server, link, load, until } = context
  const { client, jobId } = await openJob(context)
  // More connections than the load uses: some are idle when all of them break.
  await growPool(context, 9)
  const loads = [
    load(() => paced(() => api.anonymous('GET', `/v1/jobs/${jobId}`)), 3),
    load(() => paced(() => client.call('POST', '/v1/jobs', { body: draft() })), 3),
  ] as const
  try {
    const broken = await breakEverything(context, client.call)
    await until('loss-without-effect', () => endOf(server) || loads.every((one) => one.outcomes.some(failed)))
    await link.mend()
    const from = loads.map((one) => one.outcomes.length)
    const isWell = (outcomes: Outcomes, since = 0) => outcomes.length > since + 20 && !outcomes.slice(-20).some(failed)
    await until('does-not-heal', () => endOf(server) || loads.every((one, at) => isWell(one.outcomes, from[at])))
    const [reads, writes] = [await loads[0].stop(), await loads[1].stop()]
    endOf(server)
    return { broken, ...(await judge(context, jobId, reads, writes)) }
  } finally {
    await Promise.all(loads.map((one) => one.stop()))
  }
}

type Outcomes = readonly (Answer | Error)[]

/** Red where the process has ended. */
const endOf = (server: Door) => hasEnded(server) && red('process-ended', server.said().slice(-300))

/**
 * Ends all connections, and lets no new one through. Of two that are in the middle of a statement one is ended by the server, as a
 * restart does, and one just breaks, as a crash does. Answers how many the server ended.
 */
async function breakEverything({ server, sql, env, link, until }: Context, call: Call): Promise<number> {
  const held = await sql.hold('notifications')
  const inUse = [1, 2].map(() => outcome(call('GET', '/v1/me/notifications')))
  await until('not-in-use', async () => (await held.waiting()) === 2)
  const ended = await sql.admin(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = $1
     AND pid <> (SELECT min(lock.pid) FROM pg_locks AS lock JOIN pg_stat_activity AS session USING (pid)
       WHERE datname = current_database() AND relation = 'notifications'::regclass AND NOT granted)`,
    [loginOf(env)],
  )
  await Promise.race(inUse)
  await link.cut()
  for (const answer of await Promise.all(inUse)) {
    // A process that goes down cuts its answers off just before it has ended.
    if (answer instanceof Error) await until('answer-cut-off', () => endOf(server))
    if (!isRefusal(answer)) red('not-a-503', told(answer))
  }
  await held.release()
  return ended.length
}

/** No answer may be wrong, and no write that was answered may be gone. */
async function judge(context: Context, jobId: string, reads: Outcomes, writes: Outcomes): Promise<Evidence> {
  const odd = [...reads, ...writes].find((one) => failed(one) && !isRefusal(one))
  if (odd) red('wrong-answer', told(odd))
  const other = reads.find((one) => !failed(one) && idIn(one) !== jobId)
  if (other) red('wrong-answer', told(other))
  const made = writes.flatMap((one) => (failed(one) ? [] : [idIn(one)]))
  const kept = await count(context, 'SELECT count(*) FROM jobs WHERE id = ANY ($1)', [made])
  if (kept !== made.length) red('write-lost', `${made.length} answered, ${kept} kept`)
  return { reads: reads.length, written: kept, refusals: [...reads, ...writes].filter(isRefusal).length }
}

const failed = (seen: Answer | Error) => statusOf(seen) >= 400
const statusOf = (seen: Answer | Error) => (seen instanceof Error ? 599 : seen.status)
const idIn = (seen: Answer | Error) => (seen instanceof Error ? '' : String(seen.json().id))
const told = (seen: Answer | Error) =>
  seen instanceof Error ? seen.message : `${seen.status} ${seen.text.slice(0, 200)}`
