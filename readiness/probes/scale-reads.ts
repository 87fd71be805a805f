// A real standby beside the database of the stack, whose replay is stopped, and to which and from which the way is cut: what it does not
// show yet tells whether it was asked.
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { askReady } from './reliability-modes.ts'
import { draft, openJob, outcome, paced, type Scene, together } from './reliability-scene.ts'

type Standby = Awaited<ReturnType<Context['sql']['standby']>>
/** Two APIs with the standby. `admin` never writes by them, so that nothing binds their reads to the primary. */
type Parts = Scene & { admin: Person; standby: Standby; first: Door; second: Door }

/** `bound`: milliseconds that what the standby shows may be old. */
export async function readsFromTheStandby(context: Context, bound: number): Promise<Evidence> {
  const { api, sql, startApi } = context
  const standby = await sql.standby()
  const env = { DATABASE_STANDBY_HOST: standby.host, DATABASE_STANDBY_LAG_MS: String(bound) }
  const [scene, admin, first, second] = await together(openJob(context), api.as('admin'), startApi(env), startApi(env))
  const parts: Parts = { ...scene, admin, standby, first, second }
  const oldest = await keepsTheBound(context, parts, bound)
  const went = await goesWithout(context, parts)
  const served = await standsIn(context, parts)
  return { bound, oldestMs: oldest, withoutStandby: went, withoutPrimary: served }
}

/** Who wrote sees it by any replica, at once; others see it within the bound, from whichever server. */
async function keepsTheBound(context: Context, parts: Parts, bound: number): Promise<number> {
  const { until } = context
  const { standby, second, admin } = parts
  const others = as(context, second, admin)
  const { list, written } = await writesUnseen(context, parts)
  let oldest = 0
  await until(
    'older-than-the-bound',
    async () => {
      const begun = performance.now() - written
      const shown = lengthOf(await others('GET', list)) === 1
      if (!shown) oldest = Math.round(begun)
      return shown
    },
    { within: bound + 1500 },
  )
  if (oldest > bound) red('older-than-the-bound', `${oldest} ms`)
  await until('mode-not-told', () => isTold(context, second, 'standby-away'))
  await standby.replay('resume')
  await until('does-not-return', async () => !(await isTold(context, second, 'standby-away')))
  const before = await asked(context, second)
  await until(
    'does-not-return',
    async () => isWell(await others('GET', list)) && (await asked(context, second)) > before,
  )
  return oldest
}

/** Something that is written while the standby replays nothing. On a busy machine it may be past its bound before anybody looks. */
async function writesUnseen(context: Context, parts: Parts): Promise<{ list: string; written: number }> {
  const { until } = context
  const { standby, first, second, admin } = parts
  const others = as(context, second, admin)
  for (let tries = 1; tries <= 4; tries++) {
    const { worker, jobId } = tries === 1 ? parts : await openJob(context)
    const list = `/v1/jobs/${jobId}/applications`
    const before = await asked(context, second)
    await until(
      'standby-not-used',
      async () => isWell(await others('GET', list)) && (await asked(context, second)) > before,
    )
    await standby.replay('pause')
    await made(as(context, first, worker)('POST', list, { body: { coverLetter: 'I moor all weathers.' } }))
    const written = performance.now()
    const own = await as(context, second, worker)('GET', '/v1/me/applications')
    if (lengthOf(own) !== 1) red('own-write-missed', told(own))
    if (lengthOf(await others('GET', list)) === 0) return { list, written }
    await standby.replay('resume')
  }
  return red('standby-not-used', 'what it does not show is seen at once')
}

/** The standby goes away under load, and nobody notices. */
async function goesWithout(context: Context, { standby, second, admin, jobId }: Parts): Promise<string> {
  const { load, until } = context
  const others = as(context, second, admin)
  const reads = load(() => paced(() => others('GET', `/v1/jobs/${jobId}/applications`)), 2)
  try {
    const more = (from = reads.outcomes.length) => until('load-stands-still', () => reads.outcomes.length >= from + 20)
    await more()
    await standby.link.cut()
    await more()
    await until('mode-not-told', () => isTold(context, second, 'standby-away'))
    await standby.link.mend()
    await until('does-not-return', async () => !(await isTold(context, second, 'standby-away')))
  } finally {
    await reads.stop()
  }
  const lost = reads.outcomes.find((seen) => !isWell(seen))
  if (lost) red('lost-with-the-standby', told(lost))
  return `${reads.outcomes.length} reads, none lost`
}

/** The primary goes away: reads go on and say so, writes are refused, and nothing that the standby lacks is kept afterwards. */
async function standsIn(context: Context, { standby, first, client, worker, jobId }: Parts): Promise<string[]> {
  const { link, until, apiAt } = context
  const [asClient, asWorker, asStranger] = [
    as(context, first, client),
    as(context, first, worker),
    apiAt(first.url).anonymous,
  ]
  const job = await asStranger('GET', `/v1/jobs/${jobId}`)
  // The last that the primary takes: the standby does not show it.
  await standby.replay('pause')
  const title = 'Moor both ferries'
  await made(
    asClient('PATCH', `/v1/jobs/${jobId}`, { body: { title }, headers: { 'if-match': job.field('etag') ?? '' } }),
  )
  await link.cut()
  try {
    await until('mode-not-told', () => isTold(context, first, 'primary-away'))
    const paths = [
      '/v1/me',
      '/v1/me/applications',
      '/v1/me/notifications',
      '/v1/me/wallet',
      '/v1/contracts',
      '/v1/payments',
    ]
    for (const [call, path] of [
      ...paths.map((path) => [asWorker, path] as const),
      ...[`/v1/jobs/${jobId}`, '/v1/jobs', `/v1/users/${client.id}/reviews`].map((path) => [asStranger, path] as const),
    ]) {
      const seen = await call('GET', path)
      if (!isWell(seen)) red('no-reads-without-the-primary', `${path}: ${told(seen)}`)
      if (!seen.field('degraded-mode')?.split(', ').includes('primary-away')) red('not-marked', path)
    }
    const refused = await outcome(asClient('POST', '/v1/jobs', { body: draft() }))
    if (refused instanceof Error || refused.status !== 503) red('wrong-answer', told(refused))
    if (!(Number(refused.field('retry-after')) > 0)) red('refused-without-a-time', told(refused))
  } finally {
    await link.mend()
  }
  await until('does-not-return', async () => !(await isTold(context, first, 'primary-away')))
  const after = await asStranger('GET', `/v1/jobs/${jobId}`)
  if (after.json().title !== title) red('old-answer-kept', told(after))
  await standby.replay('resume')
  await until('does-not-return', async () => (await asClient('POST', '/v1/jobs', { body: draft() })).status === 201)
  return ['9 kinds of reads', 'writes refused with a time', 'what the standby lacked was not kept']
}

const as = ({ apiAt }: Context, door: Door, { token }: Person): Call => apiAt(door.url).withToken(token)

/** How many statements the standby was asked. */
async function asked({ metrics }: Context, door: Door): Promise<number> {
  return (await metrics(door)).get('seaworthy_db_reads_total{asked="recent",server="standby"}') ?? 0
}

async function isTold({ apiAt }: Context, door: Door, mode: string): Promise<boolean> {
  const answer = await askReady(apiAt(door.url).anonymous)
  if (answer.status !== 200) red('covered-loss-is-503', told(answer))
  return answer.json<{ modes: string[] }>().modes.includes(mode)
}

async function made(sent: Promise<Answer>): Promise<void> {
  const answer = await sent
  if (answer.status >= 300) red('cannot-set-up', told(answer))
}

const lengthOf = (answer: Answer) => (answer.status === 200 ? answer.json<{ data: unknown[] }>().data.length : -1)
const isWell = (seen: Answer | Error): seen is Answer => !(seen instanceof Error) && seen.status === 200
const told = (seen: Answer | Error) =>
  seen instanceof Error ? seen.message : `${seen.status} ${seen.text.slice(0, 200)}`
