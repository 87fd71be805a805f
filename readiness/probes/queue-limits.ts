// Jobs that stand still: their notification needs a row that somebody else holds. What becomes of those behind them, and what a worker
// says of itself that does nothing else any more.
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { apply, openJob } from './data-journey.ts'
import { askReady } from './reliability-modes.ts'
import { count, together } from './reliability-scene.ts'

const stuck = 4
const told = 'SELECT count(*) FROM notifications WHERE user_id = $1'

/** `limit`: milliseconds that a try of a job may take; `concurrency`: how many stand still at once. */
export async function goesPastStuckJobs(context: Context, limit: number, concurrency: number): Promise<Evidence> {
  const { api, until } = context
  const [slow, quick, worker] = await together(api.as('client'), api.as('client'), api.as('worker'))
  const held = await holdNumbersOf(context, slow)
  for (let job = 0; job < stuck; job++) await apply(worker, await openJob(slow))
  await until('never-stuck', async () => (await held.waiting()) === concurrency)
  const since = performance.now()
  await apply(worker, await openJob(quick))
  let most = 0
  await until(
    'others-wait',
    async () => {
      most = Math.max(most, await held.waiting())
      return (await count(context, told, [quick.id])) === 1
    },
    { within: limit + 5000 },
  )
  const waited = Math.round(performance.now() - since)
  // Those that were given up don't wait on beside the next ones.
  if (most > concurrency) red('goes-on-behind', `${most} statements of ${concurrency} jobs at once`)
  await held.release()
  await until('never-told', async () => (await count(context, told, [slow.id])) >= stuck, { within: 20_000 })
  const open = 'SELECT count(*) FROM outbox WHERE handled_at IS NULL AND dead_at IS NULL'
  await until('never-told', async () => (await count(context, open)) === 0)
  const twice = await count(context, told, [slow.id])
  if (twice !== stuck) red('told-twice', `${twice} notifications of ${stuck} events`)
  return { stuck, atOnce: most, othersWaitedMs: waited, toldAfterwards: twice }
}

/** Its one place is taken by a job that never ends, and nothing else is there to do but what it tries itself by. */
export async function saysThatItTakesNothing(context: Context, bound: number): Promise<Evidence> {
  const { api, apiAt, workers, until } = context
  const { anonymous } = apiAt(workers[0]?.url ?? '')
  const ready = async () => (await askReady(anonymous)).status
  const [client, worker] = await together(api.as('client'), api.as('worker'))
  await until('never-ready', async () => (await ready()) === 200)
  const held = await holdNumbersOf(context, client)
  await apply(worker, await openJob(client))
  await until('never-stuck', async () => (await held.waiting()) === 1)
  const since = performance.now()
  await until('ready-all-the-same', async () => (await ready()) === 503, { within: bound })
  const after = Math.round(performance.now() - since)
  const said = await askReady(anonymous)
  if (!said.text.includes('takes nothing from events')) red('reason-not-told', said.text.slice(0, 200))
  const live = await anonymous('GET', '/health/live')
  if (live.status !== 200) red('not-live', String(live.status))
  await held.release()
  await until('does-not-return', async () => (await ready()) === 200)
  return { unreadyAfterMs: after, said: said.text.slice(0, 200) }
}

/** Whoever would give that person a notification waits. */
async function holdNumbersOf({ sql }: Context, { id }: Person) {
  const session = await sql.session('admin')
  await session.query('BEGIN')
  await session.query('INSERT INTO notification_counts (user_id, last) VALUES ($1, 1)', [id])
  const waiting = `SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'insert into "notification_counts"%'`
  return {
    waiting: async () => (await sql.admin(waiting)).length,
    release: () => session.query('ROLLBACK'),
  }
}
