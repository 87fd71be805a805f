// Live and ready, while what the service stands on goes away, hangs and comes back.
import type { Context } from '../context/context.ts'
import type { Answer, Call, Target } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { askReady, rowsAreKnownModes, tellsTheMode } from './reliability-modes.ts'
import { growPool, hasEnded, outcome, together } from './reliability-scene.ts'

/** Milliseconds that live may take: far less than any limit on a call to the database. */
const quick = 1000

export async function staysLive(context: Context): Promise<Evidence> {
  const { api, server, link, redis, until } = context
  const ask = async (path: string, within?: number) => {
    const seen = await outcome(api.anonymous('GET', path, within ? { within } : {}))
    if (!(seen instanceof Error)) return seen
    if (hasEnded(server) || ('code' in seen && String(seen.code).startsWith('ECONN')))
      red('process-ended', seen.message)
    return red('live-waits', `${path}: ${seen.message}`)
  }
  // Drafts are in no cache, and strangers have none.
  const jobsAre = (status: number) => async () => (await ask('/v1/jobs?status=draft')).status === status
  const seen: string[] = []
  const look = async (when: string) => {
    const answer = await ask('/health/live', quick)
    if (answer.status !== 200) red('not-live', `${when}: ${answer.status} ${answer.text.slice(0, 200)}`)
    saysOnlyLive(answer)
    seen.push(`${when}: ${answer.status}`)
  }

  // Several connections, so that some are idle when they break: that is how most break.
  await growPool(context, 4)
  await until('never-served', jobsAre(200))
  redis.kill('SIGKILL')
  await link.cut()
  await until('loss-without-effect', jobsAre(503))
  await look('PostgreSQL and Redis gone')
  await link.mend()
  await until('not-mended', jobsAre(200))
  link.hold()
  await look('PostgreSQL hangs')
  await link.mend()
  await until('not-mended', jobsAre(200))
  if (hasEnded(server)) red('process-ended')
  return { seen, sameProcess: true }
}

export async function looksLive({ get }: Target): Promise<Evidence> {
  const answer = await get('/health/live')
  if (answer.status !== 200) red('not-live', String(answer.status))
  saysOnlyLive(answer)
  return { status: answer.status }
}

function saysOnlyLive({ text }: Answer): void {
  if (text !== '{"status":"live"}') red('says-more', text.slice(0, 200))
}

export async function tellsWhenToSendTraffic(context: Context): Promise<Evidence> {
  const [schema] = await together(unreadyWithoutSchema(context), followsItsDatabase(context))
  const rows = await rowsAreKnownModes(context)
  await goesOnWithoutRedis(context)
  await unreadyWhileDraining(context)
  const modes = { hanging: '200 degraded: database-away', worker: '200 degraded: events-wait' }
  return { schema, ...modes, mended: '200 ready', rowsOfTheTable: rows, draining: '503' }
}

/** An API over a database that nobody has migrated, until somebody does. */
async function unreadyWithoutSchema({ sql, startApi, apiAt, until, finish }: Context): Promise<string> {
  const empty = await sql.emptyDatabase()
  const door = await startApi({ DATABASE_URL: empty.appUrl, DATABASE_DIRECT_URL: empty.appUrl })
  const { anonymous } = apiAt(door.url)
  const names = await failing(anonymous, 'ready-without-schema')
  if (!names.includes('schema')) red('schema-not-named', names.join())
  const migrated = await finish(['src/migrate.ts'], { DATABASE_OWNER_URL: empty.ownerUrl })
  if (migrated.code !== 0) throw new Error(`The migrations did not run:\n${migrated.said}`)
  await until('unready-after-migration', () => isReady(anonymous))
  return `503 ${names.join()}, then 200`
}

/** A database that hangs is covered; one whose schema is behind is not. */
async function followsItsDatabase({ api: { anonymous }, link, sql, until }: Context): Promise<void> {
  await until('never-ready', async () => (await statusOf(anonymous)) === 'ready')
  link.hold()
  await tellsTheMode(until, anonymous, 'database-away')
  await link.mend()
  await until('not-ready-again', async () => (await statusOf(anonymous)) === 'ready')
  await sql.owner(`UPDATE schema_migrations SET name = 'x' || name WHERE name LIKE '0004%'`)
  const behind = await until('ready-without-schema', async () => {
    const answer = await askReady(anonymous)
    return answer.status === 503 && namesIn(answer)
  })
  if (!behind.includes('schema')) red('schema-not-named', behind.join())
  await sql.owner(`UPDATE schema_migrations SET name = substr(name, 2) WHERE name LIKE 'x0004%'`)
  await until('not-ready-again', async () => (await statusOf(anonymous)) === 'ready')
}

/** Events wait in the outbox meanwhile: a worker that can't reach its queue has something to do when it is back. */
async function goesOnWithoutRedis({ workers: [worker], apiAt, redis, until }: Context): Promise<void> {
  const { anonymous } = apiAt(worker?.url ?? '')
  await until('worker-never-ready', async () => (await statusOf(anonymous)) === 'ready')
  redis.kill('SIGKILL')
  await tellsTheMode(until, anonymous, 'events-wait')
  await redis.restart()
  await until('not-ready-again', async () => (await statusOf(anonymous)) === 'ready')
}

async function unreadyWhileDraining({ api: { anonymous }, server, until }: Context): Promise<void> {
  server.child.kill('SIGTERM')
  const drains = async () => {
    const seen = await outcome(anonymous('GET', '/health/ready'))
    return !(seen instanceof Error) && seen.status === 503 && seen.text.includes('draining')
  }
  await until('ready-while-draining', drains, { within: 1500 })
}

const isReady = async (call: Call) => (await call('GET', '/health/ready')).status === 200
const statusOf = async (call: Call) => (await askReady(call)).json().status

/** The names of what fails, of an answer that has to be 503. */
async function failing(call: Call, otherwise: string): Promise<string[]> {
  const seen = await askReady(call)
  if (seen.status !== 503) red(otherwise, `${seen.status} ${seen.text.slice(0, 200)}`)
  return namesIn(seen)
}

function namesIn({ json }: Answer): string[] {
  return (json<{ errors?: { path: string }[] }>().errors ?? []).map(({ path }) => path.slice(1))
}

export async function looksReadyOrSaysWhy({ get }: Target): Promise<Evidence> {
  const answer = await get('/health/ready')
  if (answer.status === 200) {
    const { status } = answer.json()
    if (status !== 'ready' && status !== 'degraded') red('ready-says-otherwise', answer.text.slice(0, 200))
    return { status: answer.status, said: status }
  }
  if (answer.status !== 503) red('neither-200-nor-503', String(answer.status))
  if (!answer.field('content-type')?.startsWith('application/problem+json')) red('not-a-problem')
  const names = namesIn(answer)
  if (names.length === 0 && !answer.text.includes('draining')) red('nothing-named', answer.text.slice(0, 200))
  return { status: answer.status, failing: names }
}
