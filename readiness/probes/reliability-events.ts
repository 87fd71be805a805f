// What becomes of events when a worker is killed, and when Redis is away.
import { openLink } from '../../tools/link.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { mailsTo } from './mail-scene.ts'
import { accept, apply, count, jobsOf, kill, openJob, together } from './reliability-scene.ts'

const toldOf = 'SELECT count(*) FROM notifications WHERE user_id = $1'
const untold = 'SELECT count(*) FROM outbox WHERE handled_at IS NULL'

/**
 * A worker is killed with two jobs under way: one before its effect is kept, the other after it, but before the queue hears of it.
 * Another one does the first, and finds the second done.
 */
export async function anotherDoesIt(context: Context): Promise<Evidence> {
  const { redis, startWorker, until } = context
  const toRedis = await openLink(Number(new URL(redis.url).port))
  try {
    const [doomed, before, after] = await together(
      startWorker({ REDIS_URL: `redis://127.0.0.1:${toRedis.port}` }),
      openJob(context),
      openJob(context),
    )
    const [holdsBefore, holdsAfter] = [
      await holdPerson(context, before.client.id),
      await holdPerson(context, after.client.id),
    ]
    await together(apply(before), apply(after))
    await until('jobs-not-begun', async () => (await waiting(context)) === 2)
    await toRedis.cut()
    await holdsAfter.release()
    await until('no-effect', async () => (await count(context, toldOf, [after.client.id])) === 1)
    await kill(doomed)
    const [another] = await together(startWorker(), holdsBefore.release())
    await until('not-done-again', async () => (await count(context, toldOf, [before.client.id])) === 1)
    await until('job-never-ends', async () => {
      const { active, completed } = await jobsOf(redis.url, 'events')
      return active === 0 && completed === 2
    })
    const told = [await count(context, toldOf, [before.client.id]), await count(context, toldOf, [after.client.id])]
    if (told.some((times) => times !== 1)) red('done-twice', `told ${told.join(' and ')} times`)
    const failed = another.lines().filter(({ msg }) => msg === 'a job failed').length
    return { killedBeforeItsEffect: `told ${told[0]} time`, killedAfterItsEffect: `told ${told[1]} time`, failed }
  } finally {
    await toRedis.close()
  }
}

/** Keeps whoever writes something for a person waiting, until released. */
async function holdPerson({ sql }: Context, id: string) {
  const session = await sql.session('admin')
  await session.query('BEGIN')
  await session.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [id])
  return { release: () => session.query('ROLLBACK') }
}

function waiting(context: Context): Promise<number> {
  const query = `SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'insert into "notification%'`
  return count(context, query)
}

export async function waitsForRedis(context: Context): Promise<Evidence> {
  const { api, redis, mail, workers, until, sql } = context
  const [worker] = workers
  // So that the worker has had its connections, and loses them.
  const scene = await openJob(context)
  const first = await apply(scene)
  redis.kill('SIGKILL')

  const read = await api.anonymous('GET', `/v1/jobs/${scene.jobId}`)
  if (read.status !== 200) red('read-refused', `${read.status} ${read.text.slice(0, 200)}`)
  const accepted = await accept(scene, first, { within: 5000 }).catch((error: Error) =>
    red('write-hangs', error.message),
  )
  if (accepted.status !== 201) red('write-refused', `${accepted.status} ${accepted.text.slice(0, 200)}`)
  const waits =
    "SELECT count(*) FROM outbox WHERE kind = 'application.accepted' AND aggregate = $1 AND handled_at IS NULL"
  const waited = await count(context, waits, [`application:${first}`])
  if (waited !== 1) red('no-event-waits', `${waited} wait`)
  // An event that no publication was tried of would come through whatever became of it.
  await until('never-tried', () => worker?.said().includes('could not be relayed'))

  await redis.restart()
  await until('not-delivered', async () => (await count(context, untold)) === 0)
  const told = await sql.admin<{ kind: string; times: number }>(
    'SELECT kind, count(*)::int AS times FROM notifications GROUP BY kind ORDER BY kind',
  )
  const seen = told.map(({ kind, times }) => `${kind}: ${times}`)
  if (seen.join() !== 'application.accepted: 2,application.submitted: 1') red('not-told-once', seen.join())
  const mails = mailsTo(mail, scene.worker.email).length
  if (mails !== 1) red('not-mailed-once', `${mails} mails`)
  return { read: read.status, write: accepted.status, waited, told: seen, mails }
}
