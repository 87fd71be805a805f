// Reads while nothing can be written: because PostgreSQL takes no writes, or because an operator says so.
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { askReady } from './reliability-modes.ts'
import { count, draft, openJob, paced, type Scene, together } from './reliability-scene.ts'

/** One API, and the same people as callers of it. */
type Replica = { name: string; door: Door; anonymous: Call; client: Call; admin: Call }
const url = '/v1/admin/switches/read-only'
const metric = 'seaworthy_degraded_mode{mode="read-only"}'

export async function readsWhileReadOnly(context: Context): Promise<Evidence> {
  const { api, server, startApi, apiAt } = context
  const [scene, admin, door] = await together(openJob(context), api.as('admin'), startApi())
  const replicaAt = (name: string, at: Door): Replica => {
    const { anonymous, withToken } = apiAt(at.url)
    return { name, door: at, anonymous, client: withToken(scene.client.token), admin: withToken(admin.token) }
  }
  const replicas = [replicaAt('first', server), replicaAt('second', door)] as const
  const database = await followsPostgres(context, replicas[0], scene)
  await context.until('does-not-return', async () => !(await isTold(replicas[1])), { within: 8000 })
  const operator = await followsTheSwitch(context, replicas, scene, admin)
  return { database, operator }
}

/** Connections stay what they were made, so the server is made read-only by ending them: as a failover does. */
async function followsPostgres(context: Context, replica: Replica, scene: Scene): Promise<string[]> {
  const { sql, env, load, until } = context
  const set = async (change: string) => {
    const [row] = await sql.admin<{ name: string }>('SELECT current_database() AS name')
    await sql.admin(`BEGIN READ WRITE; ALTER DATABASE "${row?.name}" ${change}; COMMIT`)
  }
  const writes = load(() => paced(() => write(replica)), 2)
  // They keep connections in use, which are what they were made.
  const reads = load(() => paced(() => replica.client('GET', '/v1/contracts')), 2)
  try {
    await isWell(context, replica, scene)
    await set('SET default_transaction_read_only = on')
    await sql.admin(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = $1',
      [new URL(env.DATABASE_URL ?? '').username],
    )
    await until('mode-not-told', () => isTold(replica))
    const kept = await jobs(context)
    await isReadOnly(context, replica, scene)
    if ((await jobs(context)) !== kept) red('written-all-the-same')
    await set('RESET default_transaction_read_only')
    await until('does-not-return', async () => !(await isTold(replica)), { within: 8000 })
    await isWell(context, replica, scene)
  } finally {
    await set('RESET default_transaction_read_only')
    await Promise.all([writes.stop(), reads.stop()])
  }
  // From the first moment on, before the mode is known: done, or refused with a time.
  for (const seen of writes.outcomes) if (!isMade(seen) && !isRefused(seen)) red('wrong-answer', told(seen))
  for (const seen of reads.outcomes) if (!isRead(seen) && !isRefused(seen)) red('wrong-answer', told(seen))
  const refused = writes.outcomes.filter(isRefused).length
  const went = `${reads.outcomes.filter(isRead).length} of ${reads.outcomes.length} reads went on`
  return [`${writes.outcomes.length} writes under way: ${refused} refused`, went, 'returned by itself']
}

async function followsTheSwitch(
  context: Context,
  [first, second]: readonly [Replica, Replica],
  scene: Scene,
  admin: Person,
): Promise<string[]> {
  const { until } = context
  const turn = async (method: 'PUT' | 'DELETE') => {
    const body = method === 'PUT' && { body: { reason: 'A probe looks' } }
    const answer = await first.admin(method, url, { ...body })
    if (answer.status !== 200) red('cannot-be-switched', told(answer))
  }
  await turn('PUT')
  try {
    const seen = await write(first)
    if (!isRefused(seen)) red('switch-ignored', told(seen))
    // A second or two, and what a busy machine adds to it.
    await until('not-on-all-replicas', async () => isRefused(await write(second)), { within: 5000 })
    await together(isReadOnly(context, first, scene), isReadOnly(context, second, scene))
    const { email, password } = scene.client
    const signedIn = await second.anonymous('POST', '/v1/auth/login', { body: { email, password } })
    if (signedIn.status !== 200) red('cannot-sign-in', told(signedIn))
  } finally {
    await turn('DELETE')
  }
  for (const replica of [first, second]) {
    await until('does-not-return', async () => !(await isTold(replica)), { within: 5000 })
    await isWell(context, replica, scene)
  }
  const audited = await context.sql.admin<{ action: string }>(
    'SELECT action FROM audit_log WHERE actor_id = $1 ORDER BY id',
    [admin.id],
  )
  const actions = audited.map(({ action }) => action)
  if (actions.slice(-2).join() !== 'switch.turned-on,switch.turned-off') red('not-audited', actions.join())
  return ['both replicas follow', 'both return', `audited: ${actions.slice(-2).join(', ')}`]
}

/** Writes are refused with a time, reads go on, and answers, ready and metrics say which mode it is. */
async function isReadOnly({ metrics }: Context, replica: Replica, { jobId }: Scene): Promise<void> {
  const refused = await write(replica)
  if (!isRefused(refused)) red('write-not-refused', told(refused))
  for (const answer of [
    refused,
    await replica.anonymous('GET', `/v1/jobs/${jobId}`),
    await replica.client('GET', '/v1/contracts'),
  ]) {
    if (answer !== refused && answer.status !== 200) red('read-refused', told(answer))
    if (!answer.field('degraded-mode')?.split(', ').includes('read-only')) red('not-marked', told(answer))
  }
  if (!(await isTold(replica))) red('mode-not-told', replica.name)
  if ((await metrics(replica.door)).get(metric) !== 1) red('not-in-metrics', replica.name)
}

async function isWell({ metrics }: Context, replica: Replica, { jobId }: Scene): Promise<void> {
  const made = await write(replica)
  if (!isMade(made)) red('does-not-return', told(made))
  const read = await replica.anonymous('GET', `/v1/jobs/${jobId}`)
  if (read.status !== 200) red('read-refused', told(read))
  if (read.field('degraded-mode') !== undefined) red('does-not-return', 'an answer is marked')
  if ((await metrics(replica.door)).get(metric) !== 0) red('not-in-metrics', replica.name)
}

async function isTold({ anonymous }: Replica): Promise<boolean> {
  const answer = await askReady(anonymous)
  if (answer.status !== 200) red('not-ready-while-read-only', told(answer))
  return answer.json<{ modes: string[] }>().modes.includes('read-only')
}

const write = ({ client }: Replica) => client('POST', '/v1/jobs', { body: draft() })
const jobs = (context: Context) => count(context, 'SELECT count(*) FROM jobs')
const isRead = (seen: Answer | Error) => !(seen instanceof Error) && seen.status === 200
const isMade = (seen: Answer | Error) => !(seen instanceof Error) && seen.status === 201
const isRefused = (seen: Answer | Error) =>
  !(seen instanceof Error) && seen.status === 503 && Number(seen.field('retry-after')) > 0
const told = (seen: Answer | Error) =>
  seen instanceof Error ? seen.message : `${seen.status} ${seen.text.slice(0, 200)}`
