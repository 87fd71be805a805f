// What is done at fixed times, here each second: done once by three workers, taken up again after a death, and missed when it stops.
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { openJob } from './data-journey.ts'
import { mailsTo } from './mail-scene.ts'
import { agreed, funded, parties } from './money-scene.ts'
import { make } from './scene.ts'

/** All that has to be done, whatever the service itself says that there is. */
const names = ['contract-lapse', 'contract-release', 'digest', 'figures', 'job-expiry', 'purge', 'reconciliation']

/** Each second, and looked at twice a second. */
export const eachSecond = {
  SCHEDULES: names.map((name) => `${name}=* * * * * *`).join('; '),
  SCHEDULES_WATCH_MS: '500',
  RELEASE_AFTER_SECONDS: '0',
  // A worker that is only slow on a busy machine is not dead.
  QUEUE_LOCK_MS: '6000',
}
type Row = { name: string; due: string }

export async function fireOnce(context: Context): Promise<Evidence> {
  const { startWorker, workers } = context
  const work = await waitingWork(context)
  const left = await dieInTheMiddle(context)
  const three = await Promise.all([startWorker(), startWorker(), startWorker()])
  const done = await isDone(context, three, work)
  const twice = seenTwice([...workers, ...three].flatMap((door) => door.lines()))
  if (twice) red('done-twice', twice)
  await isTakenUpAgain(context, left)
  await stopIsNoticed(context, three)
  return { schedules: names.length, workers: three.length, takenUpAgain: left.length, ...done }
}

/** Something for each schedule that can be seen to be done. */
async function waitingWork(context: Context) {
  const { sql } = context
  const both = await parties(context)
  const { client, worker } = both
  const [contract, paid, old] = [await agreed(both), await funded(both), await openJob(client)]
  await make(worker.call, 'deliverWork', { part: paid })
  await make(client.call, 'approveWork', { part: paid })
  await sql.owner("UPDATE contracts SET created_at = now() - interval '15 days' WHERE id = $1", [contract])
  await sql.owner("UPDATE jobs SET published_at = now() - interval '61 days' WHERE id = $1", [old])
  await sql.owner(
    `INSERT INTO idempotency_keys (caller, route, key, body_hash, created_at)
     VALUES ('someone', 'POST /v1/jobs', 'old', '', now() - interval '2 days')`,
  )
  await sql.owner(
    `INSERT INTO notifications (user_id, event_id, kind, data, created_at)
     VALUES ($1, $2, 'application.rejected', '{"text": "It waits for a day."}', now() - interval '2 days')`,
    [worker.id, randomUUID()],
  )
  return { worker, contract, paid, old }
}

/** A worker is killed while it counts; answers which times it had taken up. */
async function dieInTheMiddle({ sql, workers, until }: Context): Promise<Row[]> {
  const [first] = workers
  const held = await sql.hold('daily_figures')
  await until('never-begun', async () => (await held.waiting()) > 0)
  first?.child.kill('SIGKILL')
  await first?.ended
  await held.release()
  return sql.owner<Row>("SELECT name, slot AS due FROM schedule_runs WHERE name = 'figures' AND finished_at IS NULL")
}

async function isTakenUpAgain({ sql, until }: Context, left: Row[]): Promise<void> {
  if (left.length === 0) red('not-recorded', 'nothing says what the dead worker was at')
  const finished = 'SELECT FROM schedule_runs WHERE name = $1 AND slot = $2 AND finished_at IS NOT NULL AND tries > 1'
  const isFinished = async ({ name, due }: Row) => (await sql.owner(finished, [name, due])).length === 1
  await until('not-taken-up-again', async () => (await Promise.all(left.map(isFinished))).every(Boolean), {
    within: 30_000,
  })
}

async function isDone(
  { sql, mail, until }: Context,
  workers: Context['workers'],
  work: Awaited<ReturnType<typeof waitingWork>>,
) {
  const linesOf = (door: Context['server']) => door.lines().filter(({ msg }) => msg === 'a schedule was done')
  for (const name of names)
    await until(`never-done`, () => workers.some((door) => linesOf(door).some(({ schedule }) => schedule === name)))
  await until('not-shared', () => workers.every((door) => linesOf(door).length > 0))
  const has = (reason: string, text: string, values: unknown[] = []) =>
    until(reason, async () => (await sql.owner(text, values)).length === 1)
  await has('not-released', "SELECT FROM contracts WHERE id = $1 AND status = 'released'", [work.paid])
  await has('not-lapsed', "SELECT FROM contracts WHERE id = $1 AND status = 'cancelled'", [work.contract])
  await has('not-closed', "SELECT FROM jobs WHERE id = $1 AND status = 'closed'", [work.old])
  await has('not-counted', "SELECT FROM daily_figures WHERE day = (now() AT TIME ZONE 'UTC')::date AND name = 'people'")
  await has('not-purged', "SELECT WHERE NOT EXISTS (SELECT FROM idempotency_keys WHERE key = 'old')")
  const digests = () => mailsTo(mail, work.worker.email).filter(({ Text }) => Text.includes('It waits for a day.'))
  await until('no-digest', () => digests().length > 0)
  return { runs: workers.reduce((sum, door) => sum + linesOf(door).length, 0), digests: digests().length }
}

/** A time of a schedule that was done more than once, by whichever worker. */
function seenTwice(lines: Record<string, unknown>[]): string | undefined {
  const seen = new Set<string>()
  for (const { msg, schedule, due } of lines) {
    const key = `${schedule} of ${due}`
    if (msg === 'a schedule was done' && seen.has(key)) return key
    if (msg === 'a schedule was done') seen.add(key)
  }
  return undefined
}

/** The queue goes away, and comes back without its memory. */
async function stopIsNoticed({ api, apiAt, redis, sql, until }: Context, workers: Context['workers']): Promise<void> {
  const admin = await api.as('admin')
  const overdue = async (url: string) => {
    const { text } = await apiAt(url).anonymous('GET', '/metrics')
    return text.split('\n').filter((line) => /^seaworthy_schedule_overdue\{.*\} 1$/.test(line)).length
  }
  const all = async (count: number) =>
    (await Promise.all(workers.map(({ url }) => overdue(url)))).every((late) => late === count)
  const inAnswer = async (count: number) => {
    const answer = await admin.call('GET', '/v1/admin/schedules')
    const { data } = answer.json<{ data: { isOverdue: boolean }[] }>()
    return data.filter(({ isOverdue }) => isOverdue).length === count
  }
  await until('overdue-while-done', () => all(0))
  redis.kill('SIGKILL')
  await until('stop-not-noticed', () => all(names.length), { within: 12_000 })
  await until('stop-not-shown', () => inAnswer(names.length))
  const told = () => workers.every((door) => door.lines().some(({ msg }) => String(msg).includes('is overdue')))
  await until('stop-not-told', told, { within: 3000 })
  await redis.restart()
  const client = new Redis(redis.url)
  await client.flushall()
  client.disconnect()
  // What was under way, or taken in the moment before, is no sign of life.
  const again = `SELECT DISTINCT name FROM schedule_runs WHERE finished_at IS NOT NULL AND slot > $1::timestamptz + interval '2 seconds'`
  const [{ now } = { now: '' }] = await sql.owner<{ now: string }>('SELECT now()::text AS now')
  await until('not-put-back', async () => (await sql.owner(again, [now])).length === names.length, { within: 12_000 })
  await until('not-well-again', () => all(0))
}
